"""Identity providers by GraphQL: what a tenant's owner does, and what nobody else can do, see or find out."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import orjson
import pytest
from structlog.testing import capture_logs

from auth.acting import Acting, ActingKind
from auth.permissions import Permission
from auth.sso.connection_staging import prove
from engine.request import Request
from models.shared import IdentityProvider, ServiceProviderKey, Session
from models.tenant import AuditEvent
from schema.mutation import FRESH
from tenancy.scope import tenant_scope
from tests.auth.saml.test_metadata_attacks import entity
from tests.mutations.firm import global_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from tests.mutations.conftest import SlowAddress
    from tests.mutations.firm import Answer, Firm

CANARY = "canary-secret"
SHOWN = """
    id name kind issuer clientId hasClientSecret enabled testedAt waitsForTest
    claimNames { email emailVerified fullName groups }
    metadataUrl signingPolicy allowUnsolicited wantEncrypted
    provisionMembers defaultOrgUnitId roleMapping { claim value role }
    redirectUri backchannelLogoutUri spMetadataUrl acsUrl warnings { code message expiresAt }
"""
ERRORS = "userErrors { code field message }"


def mutation(name: str, answers: str = f"identityProvider {{ {SHOWN} }}") -> str:
    input_type = f"{name[0].upper()}{name[1:]}Input"
    return f"mutation ($input: {input_type}!) {{ {name}(input: $input) {{ {answers} {ERRORS} }} }}"


CREATE = mutation("identityProviderCreate")
UPDATE = mutation("identityProviderUpdate")
SWITCH = mutation("identityProviderSetEnabled")
DELETE = mutation("identityProviderDelete", "")
TEST = mutation("identityProviderTest", "testUrl")
ROTATE = mutation("identityProviderRotateKey")
CHANGES: dict[str, dict[str, Any]] = {
    UPDATE: {"name": "X"},
    SWITCH: {"enabled": False},
    DELETE: {},
    TEST: {},
    ROTATE: {"keepDays": 1},
}
OIDC = {"name": "Okta", "kind": "OIDC", "issuer": "https://idp.example/acme", "clientId": "us"}


@pytest.fixture(autouse=True)
async def _no_connections(firm: Firm, other_firm: Firm) -> AsyncIterator[None]:
    yield
    await IdentityProvider.filter(tenant_id__in=[firm.placement.tenant_id, other_firm.placement.tenant_id]).delete()


async def create(firm: Firm, viewer: Viewer, **given: object) -> Answer:
    return await firm.ask(viewer, CREATE, input=OIDC | given)


async def made(firm: Firm, viewer: Viewer, **given: object) -> dict[str, Any]:
    payload = (await create(firm, viewer, **given)).payload
    assert payload["userErrors"] == []
    found: dict[str, Any] = payload["identityProvider"]
    return found


async def proved(firm: Firm, viewer: Viewer, **given: object) -> str:
    row = await IdentityProvider.get(id=(await made(firm, viewer, **given))["id"])
    await prove(firm.placement, row.id, row.revision)
    return str(row.id)


async def actions(firm: Firm, key: str) -> list[tuple[str, UUID | None, str | None]]:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=key).order_by("id")
    return [(each.action, each.actor_id, each.request_id) for each in events]


async def test_an_owner_connects_a_provider_and_reads_all_but_the_secret(firm: Firm, owner: Viewer) -> None:
    shown = await made(
        firm,
        owner,
        clientSecret=CANARY,
        claimNames={"groups": "roles"},
        provisionMembers=True,
        defaultOrgUnitId=firm.unit_id("EMEA"),
        roleMapping=[{"claim": "groups", "value": "A", "role": "auditor"}],
    )
    row = await IdentityProvider.get(id=shown["id"])
    public = shown["redirectUri"].removesuffix(f"/auth/callback/{row.id}")
    assert shown == {
        "id": str(row.id),
        **OIDC,
        "hasClientSecret": True,
        "enabled": False,
        "testedAt": None,
        "waitsForTest": [],
        "claimNames": {"email": None, "emailVerified": None, "fullName": None, "groups": "roles"},
        "metadataUrl": None,
        "signingPolicy": None,
        "allowUnsolicited": False,
        "wantEncrypted": False,
        "provisionMembers": True,
        "defaultOrgUnitId": firm.unit_id("EMEA"),
        "roleMapping": [{"claim": "groups", "value": "A", "role": "auditor"}],
        "redirectUri": f"{public}/auth/callback/{row.id}",
        "backchannelLogoutUri": f"{public}/auth/backchannel-logout/{row.id}",
        "spMetadataUrl": None,
        "acsUrl": None,
        "warnings": [],
    }
    assert (row.tenant_id, row.default_org_unit_id) == (firm.placement.tenant_id, firm.units["EMEA"])
    listed = await firm.ask(owner, f"{{ identityProviders {{ {SHOWN} }} }}")
    assert listed.data == {"identityProviders": [shown]}
    assert await actions(firm, shown["id"]) == [("identity_provider:create", owner.member_id, "test")]


async def test_a_secret_is_in_no_answer_no_event_no_row_and_no_log(firm: Firm, owner: Viewer) -> None:
    with capture_logs() as logs:
        key = await proved(firm, owner, clientSecret=CANARY)
        answers = [
            await firm.ask(owner, UPDATE, input={"id": key, "clientSecret": CANARY + CANARY}),
            await firm.ask(owner, UPDATE, input={"id": key, "clientSecret": "ü" + CANARY, "name": ""}),
            await firm.ask(owner, CREATE, input=OIDC | {"clientSecret": CANARY}),
            await firm.ask(owner, f"{{ identityProviders {{ {SHOWN} }} }}"),
        ]
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.all().values()
    rows = await IdentityProvider.filter(tenant_id=firm.placement.tenant_id).values()
    assert answers[1].user_errors == [("BAD_USER_INPUT", "input.name"), ("BAD_USER_INPUT", "input.clientSecret")]
    assert answers[2].user_errors == [("CONFLICT", "input.issuer")]
    assert CANARY not in str((answers, events, rows, logs))


async def test_it_is_tested_switched_on_changed_and_deleted(firm: Firm, owner: Viewer) -> None:
    key = (await made(firm, owner))["id"]
    assert (await firm.ask(owner, SWITCH, input={"id": key, "enabled": True})).user_errors == [
        ("CONFLICT", "input.enabled")
    ]
    assert "/auth/test?ticket=" in (await firm.ask(owner, TEST, input={"id": key})).payload["testUrl"]
    await prove(firm.placement, UUID(key), 1)
    assert (await firm.ask(owner, SWITCH, input={"id": key, "enabled": True})).payload["identityProvider"]["enabled"]
    given = {"id": key, "clientSecret": CANARY, "claimNames": {"email": "mail"}, "name": "New"}
    changed = (await firm.ask(owner, UPDATE, input=given)).payload["identityProvider"]
    assert (changed["name"], changed["claimNames"]["email"]) == ("New", None)
    assert changed["waitsForTest"] == ["claimNames", "clientSecret"]
    discarded = await firm.ask(owner, UPDATE, input={"id": key, "discardWaiting": True})
    assert discarded.payload["identityProvider"]["waitsForTest"] == []
    assert (await firm.ask(owner, DELETE, input={"id": key})).user_errors == [("CONFLICT", "input.id")]
    refused = await firm.ask(owner, SWITCH, input={"id": key, "enabled": False})
    assert refused.user_errors == [("CONFLICT", "input.enabled")], "it is the only way in"
    second = await proved(firm, owner, clientId="second")
    await firm.ask(owner, SWITCH, input={"id": second, "enabled": True})
    assert (await firm.ask(owner, SWITCH, input={"id": key, "enabled": False})).user_errors == []
    assert (await firm.ask(owner, DELETE, input={"id": key})).user_errors == []
    assert not await IdentityProvider.exists(id=key)
    assert [action.partition(":")[2] for action, _, _ in await actions(firm, key)] == [
        *("create", "test", "prove", "enable", "update", "update", "disable", "delete")
    ]


async def test_a_saml_connection_is_made_of_its_metadata(firm: Firm, owner: Viewer) -> None:
    given = {"name": "AD FS", "kind": "SAML", "metadata": entity(), "signingPolicy": "BOTH"}
    shown = (await firm.ask(owner, CREATE, input=given)).payload["identityProvider"]
    assert (shown["issuer"], shown["signingPolicy"]) == ("https://idp.example/saml", "BOTH")
    assert shown["acsUrl"].endswith(f"/saml/{firm.placement.slug}/acs/{shown['id']}")
    assert shown["spMetadataUrl"].endswith(f"/saml/{firm.placement.slug}/metadata/{shown['id']}")
    assert shown["redirectUri"] is None


async def test_our_key_is_exchanged_in_a_saml_connection_only(firm: Firm, owner: Viewer) -> None:
    saml = (await firm.ask(owner, CREATE, input={"name": "AD FS", "kind": "SAML"})).payload["identityProvider"]["id"]
    oidc = (await made(firm, owner))["id"]
    for given, errors in (
        ({"id": saml}, []),
        ({"id": saml, "keepDays": 0}, []),
        ({"id": saml, "keepDays": -1}, [("BAD_USER_INPUT", "input.keepDays")]),
        ({"id": oidc}, [("CONFLICT", "input.id")]),
        ({"id": str(uuid4())}, [("NOT_FOUND", "input.id")]),
    ):
        assert (await firm.ask(owner, ROTATE, input=given)).user_errors == errors
    keys = await ServiceProviderKey.filter(identity_provider_id=saml).order_by("id")
    assert [key.retired_at is None for key in keys] == [False, True]


async def test_its_metadata_is_fetched_from_where_it_says(firm: Firm, owner: Viewer) -> None:
    given = {"name": "AD FS", "kind": "SAML", "metadataUrl": "https://idp.example/metadata"}
    shown = (await firm.ask(owner, CREATE, input=given)).payload["identityProvider"]
    assert (shown["issuer"], shown["metadataUrl"]) == ("https://idp.example/saml", "https://idp.example/metadata")
    for inside in ("http://169.254.169.254/metadata", "https://user:password@idp.example/metadata", "file:///metadata"):
        refused = await firm.ask(owner, UPDATE, input={"id": shown["id"], "metadataUrl": inside})
        assert refused.user_errors == [("BAD_USER_INPUT", "input.metadataUrl")]


async def test_a_slow_provider_holds_one_transaction_of_a_tenant(
    firm: Firm, owner: Viewer, slow_address: SlowAddress
) -> None:
    given = {"name": "AD FS", "kind": "SAML", "metadataUrl": slow_address.url}
    first = asyncio.create_task(firm.ask(owner, CREATE, input=given))
    async with asyncio.timeout(30):
        await slow_address.asked.wait()
        second = await firm.ask(owner, CREATE, input=given)
        assert second.user_errors == [("RATE_LIMITED", "input.metadataUrl")]
        slow_address.answers.set()
        assert (await first).user_errors == []


@pytest.mark.parametrize(
    ("given", "code", "field"),
    [
        ({"name": ""}, "BAD_USER_INPUT", "name"),
        ({"issuer": "http://idp.example"}, "BAD_USER_INPUT", "issuer"),
        ({"issuer": None}, "BAD_USER_INPUT", "issuer"),
        ({"claimNames": {"email": ""}}, "BAD_USER_INPUT", "claimNames.email"),
        ({"wantEncrypted": True}, "BAD_USER_INPUT", "wantEncrypted"),
        ({"provisionMembers": None}, "BAD_USER_INPUT", "provisionMembers"),
        ({"defaultOrgUnitId": "x"}, "NOT_FOUND", "defaultOrgUnitId"),
        ({"defaultOrgUnitId": global_id("OrgUnit", UUID(int=1))}, "NOT_FOUND", "defaultOrgUnitId"),
        ({"roleMapping": [{"claim": "g", "value": "A", "role": "nobody"}]}, "NOT_FOUND", "roleMapping"),
        ({"roleMapping": [{"claim": "g", "value": "A", "role": "owner"}]}, "BAD_USER_INPUT", "roleMapping"),
    ],
)
async def test_what_makes_no_sense_is_said_where_it_was_typed(
    firm: Firm, owner: Viewer, given: dict[str, object], code: str, field: str
) -> None:
    answer = await create(firm, owner, **given)
    assert answer.user_errors == [(code, f"input.{field}")]
    assert answer.payload["identityProvider"] is None
    assert await IdentityProvider.filter(tenant_id=firm.placement.tenant_id).count() == 0


async def test_a_change_that_is_refused_late_leaves_no_event(firm: Firm, owner: Viewer) -> None:
    await made(firm, owner)
    other = (await made(firm, owner, clientId="other"))["id"]
    assert (await firm.ask(owner, UPDATE, input={"id": other, "clientId": "us"})).user_errors == [
        ("CONFLICT", "input.clientId")
    ]
    assert [action for action, _, _ in await actions(firm, other)] == ["identity_provider:create"]


@pytest.mark.parametrize("document", CHANGES, ids=["update", "switch", "delete", "test", "rotate"])
async def test_another_tenants_connection_is_answered_as_one_that_does_not_exist(
    firm: Firm, other_firm: Firm, owner: Viewer, document: str
) -> None:
    key = await proved(firm, owner, clientSecret=CANARY)
    await firm.ask(owner, SWITCH, input={"id": key, "enabled": True})
    before, events = await IdentityProvider.filter(id=key).values(), await actions(firm, key)
    stranger = await other_firm.member(("owner", None))
    foreign, unknown, none = [
        await other_firm.ask(stranger, document, input={"id": each, **CHANGES[document]})
        for each in (key, str(uuid4()), "none")
    ]
    assert foreign == unknown == none
    assert foreign.user_errors == [("NOT_FOUND", "input.id")]
    assert await IdentityProvider.filter(id=key).values() == before
    assert await actions(firm, key) == events
    assert await actions(other_firm, key) == []
    listed = await other_firm.ask(stranger, "{ identityProviders { id } domains { id } }")
    assert listed.data == {"identityProviders": [], "domains": []}


async def test_another_tenants_connection_takes_up_no_name(firm: Firm, other_firm: Firm, owner: Viewer) -> None:
    await made(firm, owner)
    stranger = await other_firm.member(("owner", None))
    assert (await create(other_firm, stranger)).user_errors == []


async def test_another_tenants_org_unit_does_not_exist(firm: Firm, other_firm: Firm, owner: Viewer) -> None:
    answer = await create(firm, owner, defaultOrgUnitId=other_firm.unit_id("EMEA"))
    assert answer.user_errors == [("NOT_FOUND", "input.defaultOrgUnitId")]


async def test_without_the_permission_everywhere_nothing_is_shown_or_changed(
    firm: Firm, owner: Viewer, regional: Viewer, analyst: Viewer, auditor: Viewer
) -> None:
    key = await proved(firm, owner)
    before = await IdentityProvider.filter(id=key).values()
    for viewer in (regional, analyst, auditor):
        for document, given in {**CHANGES, CREATE: OIDC | {"clientId": "new"}}.items():
            changed = {"id": key, **given} if document != CREATE else given
            answer = await firm.ask(viewer, document, input=changed)
            assert answer.data is None or [*answer.data.values()] == [None]
            assert answer.errors
    for viewer in (regional, analyst):
        answer = await firm.ask(viewer, "{ identityProviders { id } }")
        assert answer.data in (None, {"identityProviders": None})
        assert "FORBIDDEN" in answer.codes
    read = await firm.ask(auditor, f"{{ identityProviders {{ {SHOWN} }} }}")
    assert read.data is not None
    assert [each["id"] for each in read.data["identityProviders"]] == [key]
    assert await IdentityProvider.filter(tenant_id=firm.placement.tenant_id).values() == before


async def test_who_may_write_and_not_read_is_not_shown_what_was_written(firm: Firm) -> None:
    writer = await firm.member((await firm.role(Permission.IDENTITY_PROVIDER_WRITE), None))
    answer = await create(firm, writer)
    assert answer.data == {"identityProviderCreate": {"identityProvider": None, "userErrors": []}}
    assert set(answer.codes) == {"FORBIDDEN"}


@pytest.mark.parametrize("kind", ActingKind)
async def test_nobody_but_a_member_who_signed_in_changes_who_people_are(
    firm: Firm, owner: Viewer, kind: ActingKind
) -> None:
    key = await proved(firm, owner)
    before = await IdentityProvider.filter(tenant_id=firm.placement.tenant_id).values()
    acting = replace(await firm.viewer(owner.member_id), acting=Acting(kind))
    for document, given in {**CHANGES, CREATE: OIDC | {"clientId": "new"}}.items():
        variables = {"input": {"id": key, **given} if document != CREATE else given}
        result = await firm.engine.execute(Request(document, "test", variables=variables), acting)
        assert result.data is None or [*orjson.loads(result.data).values()] == [None]
        assert result.errors
    assert await IdentityProvider.filter(tenant_id=firm.placement.tenant_id).values() == before


async def test_an_unlocked_screen_is_not_enough(firm: Firm, owner: Viewer) -> None:
    old = replace(await firm.viewer(owner.member_id), authenticated_at=int(datetime.now(UTC).timestamp()) - FRESH - 1)
    result = await firm.engine.execute(Request(CREATE, "test", variables={"input": OIDC}), old)
    assert result.data is None
    assert await IdentityProvider.filter(tenant_id=firm.placement.tenant_id).count() == 0


async def test_the_connection_of_ones_own_session_stays_on(firm: Firm, owner: Viewer) -> None:
    first, second = await proved(firm, owner), await proved(firm, owner, clientId="second")
    for key in (first, second):
        await firm.ask(owner, SWITCH, input={"id": key, "enabled": True})
    viewer, later = await firm.viewer(owner.member_id), datetime.now(UTC) + timedelta(hours=1)
    await Session.create(
        id=viewer.session_id,
        tenant_id=firm.placement.tenant_id,
        member_id=owner.member_id,
        identity_provider_id=first,
        authenticated_at=later,
        last_used_at=later,
        idle_expires_at=later,
        expires_at=later,
    )
    for key, errors in ((first, 1), (second, 0)):
        request = Request(SWITCH, "test", variables={"input": {"id": key, "enabled": False}})
        result = await firm.engine.execute(request, viewer)
        assert result.data is not None
        payload = orjson.loads(result.data)["identityProviderSetEnabled"]
        assert len(payload["userErrors"]) == errors


async def test_what_expires_within_a_month_is_a_warning(firm: Firm, owner: Viewer) -> None:
    key, now = (await made(firm, owner))["id"], datetime.now(UTC)
    for days, codes in ((40, []), (29, ["certificate_expires"]), (-1, ["certificate_expires"])):
        await IdentityProvider.filter(id=key).update(certificate_expires_at=now + timedelta(days=days))
        answer = await firm.ask(owner, "{ identityProviders { warnings { code expiresAt } } }")
        assert answer.data is not None
        (shown,) = answer.data["identityProviders"]
        assert [each["code"] for each in shown["warnings"]] == codes
