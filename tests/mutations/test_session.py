"""Sessions ended by their member, or by somebody who may: all of that member's, and nobody else's."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from auth.acting import Acting, ActingKind
from auth.permissions import Permission
from engine.request import Request
from models.shared import IdentityProvider, PersonalAccessToken, Session, SessionKind
from models.tenant import AuditEvent
from tenancy.scope import tenant_scope
from tests.mutations.firm import global_id

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Firm

OWN = """
mutation ($input: SessionsEndInput!) {
  sessionsEnd(input: $input) { endedSessions revokedTokens userErrors { code field message } }
}
"""
ONE = """
mutation ($input: SessionEndInput!) { sessionEnd(input: $input) { userErrors { code field message } } }
"""
LIST = "{ viewer { sessions { id identityProviderName createdAt lastUsedAt expiresAt acr isPresent } } }"
MEMBERS = """
mutation ($input: MemberSessionsEndInput!) {
  memberSessionsEnd(input: $input) { endedSessions revokedTokens userErrors { code field message } }
}
"""


async def begun(viewer: Viewer, **given: object) -> UUID:
    now = datetime.now(UTC)
    columns: dict[str, Any] = {
        "tenant_id": viewer.tenant.tenant_id,
        "member_id": viewer.member_id,
        "authenticated_at": now,
        "last_used_at": now,
        "idle_expires_at": now + timedelta(hours=1),
        "expires_at": now + timedelta(hours=1),
        **given,
    }
    return (await Session.create(**columns)).id


async def token(viewer: Viewer) -> UUID:
    row = await PersonalAccessToken.create(
        tenant_id=viewer.tenant.tenant_id,
        member_id=viewer.member_id,
        name="A script",
        digest=uuid4().bytes * 2,
        expires_at=datetime.now(UTC) + timedelta(hours=1),
    )
    return row.id


async def reason(session_id: UUID) -> str | None:
    return (await Session.get(id=session_id)).revoked_reason


async def recorded(firm: Firm, member_id: UUID, action: str) -> list[tuple[UUID | None, dict[str, object]]]:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=member_id, action=action)
    return [(each.actor_id, each.details) for each in events]


async def test_a_member_ends_all_of_their_own_sessions_and_nobody_elses(firm: Firm, other_firm: Firm) -> None:
    person, colleague = await firm.member(), await firm.member()
    mine = [await begun(person), await begun(person)]
    others = [
        await begun(colleague),
        # A key of a member says nothing without the tenant.
        await begun(replace(person, tenant=other_firm.placement)),
        await begun(person, expires_at=datetime.now(UTC) - timedelta(seconds=1)),
    ]
    script = await token(person)
    payload = (await firm.ask(person, OWN, input={})).payload
    assert payload == {"endedSessions": 2, "revokedTokens": 0, "userErrors": []}
    assert [await reason(each) for each in mine] == ["ended_by_member"] * 2
    assert [await reason(each) for each in others] == [None] * 3
    assert (await PersonalAccessToken.get(id=script)).revoked_at is None
    assert await recorded(firm, person.member_id, "session:end_own") == [
        (person.member_id, {"sessions": 2, "tokens": 0})
    ]


async def test_the_present_session_goes_on_if_that_was_asked_and_tokens_go_along_if_that_was(firm: Firm) -> None:
    person = await firm.member()
    present, other, script = await begun(person), await begun(person), await token(person)
    someone = await token(await firm.member())
    here = replace(await firm.viewer(person.member_id), session_id=present)
    variables = {"input": {"keepPresent": True, "tokensToo": True}}
    result = await firm.engine.execute(Request(OWN, "test", variables=variables), here)
    assert result.data == b'{"sessionsEnd":{"endedSessions":1,"revokedTokens":1,"userErrors":[]}}'
    assert [await reason(each) for each in (present, other)] == [None, "ended_by_member"]
    assert (await PersonalAccessToken.get(id=script)).revoked_at is not None
    assert (await PersonalAccessToken.get(id=someone)).revoked_at is None


async def test_a_stolen_token_signs_nobody_out(firm: Firm) -> None:
    person = await firm.member()
    session_id = await begun(person)
    for kind in ActingKind:
        acting = replace(await firm.viewer(person.member_id), acting=Acting(kind))
        result = await firm.engine.execute(Request(OWN, "test", variables={"input": {}}), acting)
        assert [error["extensions"]["code"] for error in result.errors] == ["FORBIDDEN"]  # type: ignore[index]  # an errors entry is JSON
    assert await reason(session_id) is None


async def test_an_administrator_ends_a_members_sessions(firm: Firm, owner: Viewer) -> None:
    person = await firm.member()
    ended, script, own = await begun(person), await token(person), await begun(owner)
    given = {"memberId": global_id("Member", person.member_id), "tokensToo": True}
    payload = (await firm.ask(owner, MEMBERS, input=given)).payload
    assert payload == {"endedSessions": 1, "revokedTokens": 1, "userErrors": []}
    assert [await reason(each) for each in (ended, own)] == ["ended_by_administrator", None]
    assert (await PersonalAccessToken.get(id=script)).revoked_at is not None
    assert await recorded(firm, person.member_id, "session:end") == [(owner.member_id, {"sessions": 1, "tokens": 1})]


async def test_a_member_of_another_tenant_is_as_unknown_as_one_that_nobody_has(
    firm: Firm, owner: Viewer, other_firm: Firm
) -> None:
    stranger = await other_firm.member()
    session_id = await begun(stranger)
    answers = [
        await firm.ask(owner, MEMBERS, input={"memberId": given})
        for given in (
            global_id("Member", stranger.member_id),
            global_id("Member", uuid4()),
            global_id("Role", stranger.member_id),
            "x",
        )
    ]
    assert answers[0].user_errors == [("NOT_FOUND", "input.memberId")]
    assert all(answer == answers[0] for answer in answers)
    assert await reason(session_id) is None


async def test_it_takes_the_permission_where_the_member_is(firm: Firm, auditor: Viewer, nobody: Viewer) -> None:
    person = await firm.member()  # in the unit above all others
    session_id, given = await begun(person), {"memberId": global_id("Member", person.member_id)}
    assert (await firm.ask(auditor, MEMBERS, input=given)).codes == ["FORBIDDEN"]
    assert (await firm.ask(nobody, MEMBERS, input=given)).codes == ["FORBIDDEN"]
    ender = await firm.role(Permission.SESSION_END)
    blind = await firm.member((ender, None))
    assert (await firm.ask(blind, MEMBERS, input=given)).user_errors == [("NOT_FOUND", "input.memberId")]
    elsewhere = await firm.member(("owner", "EMEA"))
    assert (await firm.ask(elsewhere, MEMBERS, input=given)).user_errors == [("NOT_FOUND", "input.memberId")]
    seeing = await firm.member(("auditor", None), (ender, "EMEA"))
    assert (await firm.ask(seeing, MEMBERS, input=given)).codes == ["FORBIDDEN"]
    assert await reason(session_id) is None


async def sessions_of(firm: Firm, viewer: Viewer) -> list[dict[str, Any]]:
    result = await firm.engine.execute(Request(LIST, "test"), viewer)
    assert result.errors == ()
    assert result.data is not None
    listed: list[dict[str, Any]] = json.loads(result.data)["viewer"]["sessions"]
    return listed


async def test_a_member_sees_their_own_live_sessions_and_nobody_elses(firm: Firm, other_firm: Firm) -> None:
    person, colleague = await firm.member(), await firm.member(("owner", None))
    past, now = datetime.now(UTC) - timedelta(minutes=1), datetime.now(UTC)
    provider = await IdentityProvider.create(tenant_id=firm.placement.tenant_id, name="Okta", issuer=uuid4().hex)
    first = await begun(person, identity_provider_id=provider.id, acr="urn:mfa", authenticated_at=past)
    second = await begun(person)
    for unseen in (
        {"revoked_at": past},
        {"expires_at": past},
        {"idle_expires_at": past},
        {"kind": SessionKind.SUPPORT},
        {"kind": SessionKind.CLIENT},
    ):
        await begun(person, **unseen)
    await begun(colleague)
    await begun(replace(person, tenant=other_firm.placement))
    here = replace(await firm.viewer(person.member_id), session_id=second)
    listed = await sessions_of(firm, here)
    assert [(each["id"], each["isPresent"]) for each in listed] == [(str(second), True), (str(first), False)]
    assert (listed[1]["identityProviderName"], listed[1]["acr"]) == ("Okta", "urn:mfa")
    assert (listed[0]["identityProviderName"], listed[0]["acr"]) == (None, None)
    assert all(datetime.fromisoformat(each["expiresAt"]) > now for each in listed)
    await provider.delete()


async def test_a_member_ends_one_of_their_own_sessions(firm: Firm) -> None:
    person = await firm.member()
    lost, present = await begun(person), await begun(person)
    here = replace(await firm.viewer(person.member_id), session_id=present)
    assert (await firm.ask(here, ONE, input={"id": str(lost)})).user_errors == []
    assert [await reason(each) for each in (lost, present)] == ["ended_by_member", None]
    assert [each["id"] for each in await sessions_of(firm, here)] == [str(present)]
    assert await recorded(firm, lost, "session:end_own") == [(person.member_id, {})]
    # The present one as well: it is a way to sign out.
    assert (await firm.ask(here, ONE, input={"id": str(present)})).user_errors == []
    assert await reason(present) == "ended_by_member"


async def test_nobody_elses_session_is_ended_and_all_of_them_look_like_none(
    firm: Firm, owner: Viewer, other_firm: Firm
) -> None:
    person, over = await firm.member(), datetime.now(UTC) - timedelta(seconds=1)
    others = [
        await begun(person),
        await begun(replace(owner, tenant=other_firm.placement)),
        await begun(owner, kind=SessionKind.CLIENT),
        await begun(owner, expires_at=over),
        await begun(owner, idle_expires_at=over),
    ]
    given = [*map(str, others), str(uuid4()), "x", ""]
    answers = [await firm.ask(owner, ONE, input={"id": each}) for each in given]
    assert answers[0].user_errors == [("NOT_FOUND", "input.id")]
    assert all(answer == answers[0] for answer in answers)
    assert [await reason(each) for each in others] == [None] * 5
    for each in others:
        assert await recorded(firm, each, "session:end_own") == []


async def test_a_stolen_token_neither_sees_nor_ends_a_session(firm: Firm) -> None:
    person = await firm.member()
    session_id = await begun(person)
    for kind in ActingKind:
        acting = replace(await firm.viewer(person.member_id), acting=Acting(kind))
        ending = await firm.engine.execute(Request(ONE, "test", variables={"input": {"id": str(session_id)}}), acting)
        assert [error["extensions"]["code"] for error in ending.errors] == ["FORBIDDEN"]  # type: ignore[index]  # as above
        seeing = await firm.engine.execute(Request(LIST, "test"), acting)
        assert seeing.data == b'{"viewer":{"sessions":null}}'
        assert [error["extensions"]["code"] for error in seeing.errors] == ["FORBIDDEN"]  # type: ignore[index]  # as above
    assert await reason(session_id) is None
