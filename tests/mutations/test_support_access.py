"""Support access as a tenant sees it: who asks and why, let in or not, and over when the tenant says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from auth.acting import Acting, ActingKind
from auth.permissions import Permission
from auth.support.grant import request_support
from auth.support.member import SUPPORT_SCOPE
from engine.request import Request
from models.shared import SupportGrant
from models.tenant import AuditEvent
from resolvers.global_ids import encode
from schema.build import build_schema
from server.support_witness import WitnessedEngine
from tenancy.scope import tenant_scope
from tests.mutations.firm import global_id

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from settings import Settings
    from tests.mutations.firm import Answer, Firm

FIELDS = "supportAccess { id operator reason status minutes approvedById expiresAt endedAt }"
ANSWER = f"{{ {FIELDS} userErrors {{ code field message }} }}"
APPROVE = f"mutation ($input: SupportAccessApproveInput!) {{ supportAccessApprove(input: $input) {ANSWER} }}"
END = f"mutation ($input: SupportAccessEndInput!) {{ supportAccessEnd(input: $input) {ANSWER} }}"
OPERATOR = "ops@support.example"


async def requested(firm: Firm) -> str:
    async with tenant_scope(firm.placement, authorization_version=None):
        return str((await request_support(firm.placement.tenant_id, OPERATOR, "Case 7", 2)).id)


async def seen(firm: Firm, viewer: Viewer) -> dict[str, dict[str, object]]:
    answer = await firm.ask(viewer, f"{{ {FIELDS} }}")
    assert answer.errors == []
    assert answer.data is not None
    return {each["id"]: each for each in answer.data["supportAccess"]}


async def change(firm: Firm, viewer: Viewer, document: str, grant: str) -> Answer:
    return await firm.ask(viewer, document, input={"id": grant})


async def test_the_owner_sees_who_asks_and_lets_them_in_and_out(firm: Firm, owner: Viewer) -> None:
    grant = await requested(firm)
    waiting = (await seen(firm, owner))[grant]
    assert waiting == {
        "id": grant,
        "operator": OPERATOR,
        "reason": "Case 7",
        "status": "PENDING",
        "minutes": 120,
        "approvedById": None,
        "expiresAt": None,
        "endedAt": None,
    }
    approved = (await change(firm, owner, APPROVE, grant)).payload["supportAccess"]
    assert (approved["status"], approved["minutes"]) == ("ACTIVE", 120)
    assert approved["approvedById"] == global_id("Member", owner.member_id)
    assert (await change(firm, owner, APPROVE, grant)).user_errors == [("NOT_FOUND", "input.id")]
    ended = (await change(firm, owner, END, grant)).payload["supportAccess"]
    assert (ended["status"], ended["endedAt"] is not None) == ("ENDED", True)
    assert (await change(firm, owner, END, grant)).user_errors == [("NOT_FOUND", "input.id")]
    assert (await change(firm, owner, APPROVE, grant)).user_errors == [("NOT_FOUND", "input.id")]


async def test_a_request_that_is_denied_stays_denied_and_that_is_written_down(firm: Firm, owner: Viewer) -> None:
    grant = await requested(firm)
    assert (await change(firm, owner, END, grant)).payload["supportAccess"]["status"] == "DENIED"
    assert (await change(firm, owner, APPROVE, grant)).user_errors == [("NOT_FOUND", "input.id")]
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=UUID(grant)).order_by("id")
    assert [(each.action, each.actor_id) for each in events] == [
        ("support_access:request", None),
        ("support_access:deny", owner.member_id),
    ]


@pytest.mark.parametrize("document", [APPROVE, END])
async def test_another_tenants_request_is_as_unknown_as_one_that_nobody_made(
    firm: Firm, owner: Viewer, other_firm: Firm, document: str
) -> None:
    foreign = await requested(other_firm)
    answers = [await change(firm, owner, document, given) for given in (foreign, str(uuid4()), "x")]
    assert answers[0].user_errors == [("NOT_FOUND", "input.id")]
    assert answers[0] == answers[1] == answers[2]
    assert await SupportGrant.filter(id=foreign, approved_at=None, ended_at=None).exists()
    assert foreign not in await seen(firm, owner)


@pytest.mark.parametrize("document", [APPROVE, END])
async def test_it_takes_the_permission_and_that_everywhere(
    firm: Firm, auditor: Viewer, regional: Viewer, document: str
) -> None:
    grant = await requested(firm)
    for viewer in (auditor, regional):
        assert (await change(firm, viewer, document, grant)).codes == ["FORBIDDEN"]
        assert (await firm.ask(viewer, f"{{ {FIELDS} }}")).codes == ["FORBIDDEN"]
    assert await SupportGrant.filter(id=grant, approved_at=None, ended_at=None).exists()


@pytest.mark.parametrize("kind", ActingKind)
async def test_t17_neither_support_nor_a_program_lets_support_in_whatever_it_may(
    firm: Firm, owner: Viewer, kind: ActingKind
) -> None:
    grant = await requested(firm)
    acting = replace(await firm.viewer(owner.member_id), acting=Acting(kind, operator=OPERATOR))
    for document, code in ((APPROVE, "UNAUTHENTICATED"), (END, "FORBIDDEN")):
        result = await firm.engine.execute(Request(document, "test", variables={"input": {"id": grant}}), acting)
        assert [error["extensions"]["code"] for error in result.errors] == [code]  # type: ignore[index]  # an errors entry is JSON
    assert await SupportGrant.filter(id=grant, approved_at=None, ended_at=None).exists()


async def test_t17_support_may_call_no_mutation(firm: Firm, owner: Viewer) -> None:
    """None is so much as shown to it, but the two that are everybody's; and those refuse it."""
    viewer = await firm.viewer(owner.member_id)
    support = replace(
        viewer,
        grants=viewer.grants.narrowed(SUPPORT_SCOPE),
        acting=Acting(ActingKind.SUPPORT, SUPPORT_SCOPE, operator=OPERATOR),
    )
    asked = Request("{ __schema { mutationType { fields { name } } } }", "test")
    result = await firm.engine.execute(asked, support)
    shown = b'{"__schema":{"mutationType":{"fields":[{"name":"sessionEnd"},{"name":"sessionsEnd"}]}}}'
    assert result.data == shown
    own = encode(b"Session:", str(viewer.session_id))
    for mutation in (
        "sessionsEnd(input: {}) { endedSessions }",
        f'sessionEnd(input: {{ id: "{own}" }}) {{ userErrors {{ code }} }}',
    ):
        refused = await firm.engine.execute(Request(f"mutation {{ {mutation} }}", "test"), support)
        assert [error["extensions"]["code"] for error in refused.errors] == ["FORBIDDEN"]  # type: ignore[index]  # an errors entry is JSON


async def test_to_read_everything_is_not_to_let_support_in(firm: Firm) -> None:
    reader = await firm.member((await firm.role(Permission.AUDIT_READ, Permission.CLIENT_READ), None))
    assert (await firm.ask(reader, f"{{ {FIELDS} }}")).codes == ["FORBIDDEN"]


async def test_t17_what_cannot_be_written_down_is_not_answered(
    firm: Firm, owner: Viewer, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine, viewer = WitnessedEngine(build_schema(), settings), await firm.viewer(owner.member_id)
    support = replace(
        viewer,
        grants=viewer.grants.narrowed(SUPPORT_SCOPE),
        acting=Acting(ActingKind.SUPPORT, SUPPORT_SCOPE, operator=OPERATOR),
    )
    request = Request("{ orgUnits(first: 1) { totalCount } }", "test")
    assert (await engine.execute(request, support)).data == b'{"orgUnits":{"totalCount":4}}'

    async def full(*_: object, **__: object) -> None:
        message = "the disk is full"
        raise OSError(message)

    monkeypatch.setattr("server.support_witness.record", full)
    with pytest.raises(OSError, match="the disk is full"):
        await engine.execute(request, support)
    assert (await engine.execute(request, viewer)).data is not None, "nobody else depends on it"
