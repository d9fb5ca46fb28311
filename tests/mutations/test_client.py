"""Clients made, rotated and switched by people: within what these may do themselves, and never another tenant's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest

from auth.acting import Acting, ActingKind
from auth.grant_resolution import resolve_grants
from auth.permissions import Permission
from auth.scannable_secret import CLIENT_SECRET, digest, has_form
from engine.request import Request
from models.shared import Client
from models.tenant import AuditEvent, Member, Role, RoleAssignment
from tenancy.scope import tenant_scope
from tests.auth.partner import public_keys
from tests.mutations.firm import global_id

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Answer, Firm

SHOWN = "client { id name enabled roles scopes authenticationMethod } userErrors { code field message }"
CREATE = f"mutation ($input: ClientCreateInput!) {{ clientCreate(input: $input) {{ secret {SHOWN} }} }}"
ROTATE = f"mutation ($input: ClientRotateSecretInput!) {{ clientRotateSecret(input: $input) {{ secret {SHOWN} }} }}"
SWITCH = f"mutation ($input: ClientSetEnabledInput!) {{ clientSetEnabled(input: $input) {{ {SHOWN} }} }}"


async def role_id(firm: Firm, key: str) -> str:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return global_id("Role", (await Role.get(key=key)).id)


async def create(firm: Firm, viewer: Viewer, role: str = "auditor", **given: object) -> Answer:
    return await firm.ask(viewer, CREATE, input={"name": "ERP", "roleId": await role_id(firm, role)} | given)


async def made(firm: Firm, viewer: Viewer, role: str = "auditor", **given: object) -> str:
    payload = (await create(firm, viewer, role, **given)).payload
    assert payload["userErrors"] == []
    client_id: str = payload["client"]["id"]
    return client_id


async def actions(firm: Firm, client_id: str) -> list[tuple[str, UUID | None]]:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return [(each.action, each.actor_id) for each in await AuditEvent.filter(subject_id=client_id).order_by("id")]


async def test_a_client_is_made_rotated_and_switched_and_each_is_written_down(firm: Firm, owner: Viewer) -> None:
    payload = (await create(firm, owner, scopes=["company:read"])).payload
    client_id, secret = payload["client"].pop("id"), payload["secret"]
    assert payload["client"] == {
        "name": "ERP",
        "enabled": True,
        "roles": ["auditor"],
        "scopes": ["company:read"],
        "authenticationMethod": "client_secret_basic",
    }
    assert has_form(CLIENT_SECRET, secret)
    rotated = (await firm.ask(owner, ROTATE, input={"id": client_id})).payload
    row = await Client.get(id=client_id)
    assert (row.previous_secret_hash, row.secret_hash) == (digest(secret), digest(rotated["secret"]))
    for enabled in (False, True):
        switched = (await firm.ask(owner, SWITCH, input={"id": client_id, "enabled": enabled})).payload
        assert switched["client"]["enabled"] is enabled
        assert (await Client.get(id=client_id)).enabled is enabled
    assert await actions(firm, client_id) == [
        (action, owner.member_id)
        for action in ("client:create", "client:rotate_secret", "client:disable", "client:enable")
    ]
    listed = await firm.ask(owner, "{ clients { id } }")
    assert listed.data is not None
    assert client_id in [each["id"] for each in listed.data["clients"]]


async def test_the_clients_member_holds_the_role_where_it_was_said(firm: Firm, owner: Viewer) -> None:
    for unit, reach in (("EMEA", firm.units["EMEA"]), (None, None)):
        given: dict[str, Any] = {} if unit is None else {"orgUnitId": firm.unit_id(unit)}
        row = await Client.get(id=await made(firm, owner, "analyst", **given))
        async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
            member = await Member.get(id=row.member_id)
            assignment = await RoleAssignment.get(member_id=row.member_id)
        assert assignment.org_unit_id == reach
        assert member.org_unit_id == (reach or firm.units["Group"])
        grants = (await resolve_grants(firm.placement, row.member_id)).grants
        assert bool(grants.everywhere) is (reach is None)


async def test_a_client_with_keys_has_no_secret_and_gets_none(firm: Firm, owner: Viewer) -> None:
    payload = (await create(firm, owner, keys=public_keys())).payload
    assert (payload["secret"], payload["client"]["authenticationMethod"]) == (None, "private_key_jwt")
    answer = await firm.ask(owner, ROTATE, input={"id": payload["client"]["id"]})
    assert answer.user_errors == [("BAD_USER_INPUT", "input.id")]
    assert (await Client.get(id=payload["client"]["id"])).secret_hash is None


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"scopes": ["company:fly"]}, "scopes"),
        ({"keys": {"keys": []}}, "keys"),
        ({"keys": "x"}, "keys"),
    ],
)
async def test_what_makes_no_sense_is_refused(firm: Firm, owner: Viewer, given: dict[str, Any], field: str) -> None:
    before = await Client.filter(tenant_id=firm.placement.tenant_id).count()
    assert (await create(firm, owner, **given)).user_errors == [("BAD_USER_INPUT", f"input.{field}")]
    assert await Client.filter(tenant_id=firm.placement.tenant_id).count() == before


async def test_what_is_not_there_for_the_caller_does_not_exist(firm: Firm, owner: Viewer, other_firm: Firm) -> None:
    foreign_role, foreign_unit = await role_id(other_firm, "auditor"), other_firm.unit_id("EMEA")
    for given, field in (
        ({"roleId": foreign_role}, "roleId"),
        ({"roleId": global_id("Role", uuid4())}, "roleId"),
        ({"roleId": firm.unit_id("EMEA")}, "roleId"),
        ({"orgUnitId": foreign_unit}, "orgUnitId"),
        ({"orgUnitId": global_id("OrgUnit", uuid4())}, "orgUnitId"),
    ):
        assert (await create(firm, owner, **given)).user_errors == [("NOT_FOUND", f"input.{field}")]


async def test_another_tenants_client_is_as_unknown_as_one_that_nobody_has(
    firm: Firm, owner: Viewer, other_firm: Firm
) -> None:
    foreign = await made(other_firm, await other_firm.member(("owner", None)))
    before = await Client.filter(id=foreign).values()
    for document, more in ((ROTATE, {}), (SWITCH, {"enabled": False})):
        answers = [await firm.ask(owner, document, input={"id": each, **more}) for each in (foreign, str(uuid4()), "x")]
        assert answers[0].user_errors == [("NOT_FOUND", "input.id")]
        assert answers[0] == answers[1] == answers[2]
    assert await Client.filter(id=foreign).values() == before
    listed = await firm.ask(owner, "{ clients { id } }")
    assert foreign not in str(listed)


async def test_nobody_makes_a_client_that_may_do_more_than_they(firm: Firm, owner: Viewer) -> None:
    own = await firm.role(
        Permission.CLIENT_READ, Permission.CLIENT_WRITE, Permission.ROLE_READ, Permission.COMPANY_READ
    )
    maker = await firm.member((own, None))
    assert (await create(firm, maker, "analyst")).user_errors == [("FORBIDDEN", "input.roleId")]
    assert (await create(firm, maker, "analyst", scopes=["company:write"])).user_errors == [
        ("FORBIDDEN", "input.roleId")
    ]
    bounded = await made(firm, maker, "analyst", scopes=["company:read"])
    assert (await firm.ask(maker, ROTATE, input={"id": bounded})).user_errors == []
    greater = await made(firm, owner, "analyst")
    assert (await firm.ask(maker, ROTATE, input={"id": greater})).user_errors == [("FORBIDDEN", "input.id")]
    assert (await Client.get(id=greater)).previous_secret_hash is None
    assert (await firm.ask(maker, SWITCH, input={"id": greater, "enabled": False})).user_errors == []


async def test_whoever_holds_a_role_in_a_region_makes_clients_for_the_region(firm: Firm, regional: Viewer) -> None:
    # Roles belong to the tenant as a whole, so to choose one takes reading them everywhere.
    reader = await firm.role(Permission.ROLE_READ)
    maker = await firm.member(("owner", "EMEA"), (reader, None))
    here = await made(firm, maker, "analyst", orgUnitId=firm.unit_id("DACH"))
    assert (await create(firm, maker, "analyst")).codes == ["FORBIDDEN"]
    assert (await create(firm, maker, "analyst", orgUnitId=firm.unit_id("Americas"))).user_errors == [
        ("NOT_FOUND", "input.orgUnitId")
    ]
    elsewhere = await made(firm, await firm.member(("owner", None)), "analyst", orgUnitId=firm.unit_id("Americas"))
    assert (await firm.ask(maker, SWITCH, input={"id": elsewhere, "enabled": False})).user_errors == [
        ("NOT_FOUND", "input.id")
    ]
    listed = await firm.ask(regional, "{ clients { id } }")
    assert (elsewhere in str(listed.data), here in str(listed.data), listed.codes) == (False, True, [])


@pytest.mark.parametrize("document", [ROTATE, SWITCH])
async def test_to_read_clients_is_not_to_write_them(firm: Firm, owner: Viewer, auditor: Viewer, document: str) -> None:
    client_id = await made(firm, owner)
    more = {"enabled": False} if document is SWITCH else {}
    answer = await firm.ask(auditor, document, input={"id": client_id, **more})
    assert answer.codes == ["FORBIDDEN"]
    assert await Client.filter(id=client_id, enabled=True, previous_secret_hash=None).exists()
    assert (await create(firm, auditor)).codes == ["FORBIDDEN"]


async def test_to_write_clients_in_a_region_is_not_to_write_those_of_another(firm: Firm, owner: Viewer) -> None:
    writer = await firm.role(Permission.CLIENT_WRITE)
    viewer = await firm.member(("auditor", None), (writer, "EMEA"))
    elsewhere = await made(firm, owner, orgUnitId=firm.unit_id("Americas"), scopes=[])
    for document, more in ((ROTATE, {}), (SWITCH, {"enabled": False})):
        assert (await firm.ask(viewer, document, input={"id": elsewhere, **more})).codes == ["FORBIDDEN"]
    assert await Client.filter(id=elsewhere, enabled=True, previous_secret_hash=None).exists()
    here = await made(firm, owner, orgUnitId=firm.unit_id("DACH"), scopes=[])
    assert (await firm.ask(viewer, SWITCH, input={"id": here, "enabled": False})).user_errors == []


async def test_a_token_or_a_client_makes_no_client_and_gets_no_secret(firm: Firm, owner: Viewer) -> None:
    client_id, role = await made(firm, owner), await role_id(firm, "auditor")
    for kind in ActingKind:
        acting = replace(await firm.viewer(owner.member_id), acting=Acting(kind))
        for document, given in ((CREATE, {"name": "X", "roleId": role}), (ROTATE, {"id": client_id})):
            result = await firm.engine.execute(Request(document, "test", variables={"input": given}), acting)
            assert [error["extensions"]["code"] for error in result.errors] == ["UNAUTHENTICATED"]  # type: ignore[index]  # an errors entry is JSON
    assert (await Client.get(id=client_id)).previous_secret_hash is None
