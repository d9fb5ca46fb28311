"""SCIM tokens made by owners: shown once, of one connection, good at once and over at once, and nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from auth.acting import Acting, ActingKind
from auth.scim.token import authenticated, digest_of
from auth.scim.token_registry import MOST_TOKENS
from auth.unauthenticated import UnauthenticatedError
from engine.request import Request
from models.shared import IdentityProvider, ScimToken
from models.tenant import AuditEvent
from tenancy.directory import Directory
from tenancy.scope import tenant_scope
from tests.auth.conftest import add_provider

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from tests.mutations.firm import Answer, Firm

CREATE = """
mutation ($input: ScimTokenCreateInput!) {
  scimTokenCreate(input: $input) {
    token scimToken { id identityProviderId name expiresAt } userErrors { code field message }
  }
}
"""
REVOKE = """
mutation ($input: ScimTokenRevokeInput!) { scimTokenRevoke(input: $input) { userErrors { code field message } } }
"""
LIST = "{ scimTokens { id identityProviderId name } }"


@pytest.fixture
async def connection(firm: Firm) -> AsyncIterator[IdentityProvider]:
    made = await add_provider(firm.placement)
    yield made
    await made.delete()


async def create(firm: Firm, viewer: Viewer, connection: IdentityProvider, **given: object) -> Answer:
    asked = {"identityProviderId": str(connection.id), "name": "Entra"} | given
    return await firm.ask(viewer, CREATE, input=asked)


async def listed(firm: Firm, viewer: Viewer) -> list[Any]:
    answer = await firm.ask(viewer, LIST)
    assert answer.data is not None
    return [each["id"] for each in answer.data["scimTokens"]]


async def opens(firm: Firm, text: str) -> bool:
    try:
        await authenticated(f"Bearer {text}", firm.placement.slug, Directory())
    except UnauthenticatedError:
        return False
    return True


async def test_a_token_opens_scim_until_it_is_revoked(firm: Firm, owner: Viewer, connection: IdentityProvider) -> None:
    made = (await create(firm, owner, connection, days=30)).payload
    token_id, text = made["scimToken"]["id"], made["token"]
    assert made["scimToken"]["identityProviderId"] == str(connection.id)
    row = await ScimToken.get(id=token_id)
    assert (bytes(row.digest), text.encode() in bytes(row.digest)) == (digest_of(text), False)
    assert await opens(firm, text)
    assert await listed(firm, owner) == [token_id]
    assert (await firm.ask(owner, REVOKE, input={"id": token_id})).user_errors == []
    assert not await opens(firm, text)
    assert await listed(firm, owner) == []
    assert (await firm.ask(owner, REVOKE, input={"id": token_id})).user_errors == [("NOT_FOUND", "input.id")]
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=token_id).order_by("id")
    assert [(each.action, each.actor_id) for each in events] == [
        ("scim_token:create", owner.member_id),
        ("scim_token:revoke", owner.member_id),
    ]
    assert all(each.details == {"identity_provider": str(connection.id)} for each in events)
    assert text not in str([each.details for each in events])


async def test_another_tenants_connection_and_token_do_not_exist(
    firm: Firm, other_firm: Firm, owner: Viewer, connection: IdentityProvider
) -> None:
    made = (await create(firm, owner, connection)).payload
    stranger = await other_firm.member(("owner", None))
    nothing = replace_id(connection)
    foreign = await create(other_firm, stranger, connection)
    assert foreign.user_errors == [("NOT_FOUND", "input.identityProviderId")]
    assert foreign == await create(other_firm, stranger, nothing)
    for token_id in (made["scimToken"]["id"], str(uuid4()), "x"):
        answer = await other_firm.ask(stranger, REVOKE, input={"id": token_id})
        assert answer.user_errors == [("NOT_FOUND", "input.id")]
    assert await listed(other_firm, stranger) == []
    assert await opens(firm, made["token"])
    assert await ScimToken.filter(tenant_id=other_firm.placement.tenant_id).count() == 0


def replace_id(connection: IdentityProvider) -> IdentityProvider:
    return IdentityProvider(tenant_id=connection.tenant_id, name="None", issuer="none")


async def test_it_takes_the_permission_everywhere_and_a_person(  # noqa: PLR0913 - everybody who may not
    firm: Firm, owner: Viewer, auditor: Viewer, regional: Viewer, nobody: Viewer, *, connection: IdentityProvider
) -> None:
    made = (await create(firm, owner, connection)).payload
    for viewer in (auditor, regional, nobody):
        assert (await create(firm, viewer, connection)).codes == ["FORBIDDEN"]
        assert (await firm.ask(viewer, REVOKE, input={"id": made["scimToken"]["id"]})).codes == ["FORBIDDEN"]
    for viewer in (regional, nobody):
        assert (await firm.ask(viewer, LIST)).codes == ["FORBIDDEN"]
    for kind in ActingKind:
        acting = replace(await firm.viewer(owner.member_id), acting=Acting(kind))
        variables = {"input": {"id": made["scimToken"]["id"]}}
        result = await firm.engine.execute(Request(REVOKE, "test", variables=variables), acting)
        assert [error["extensions"]["code"] for error in result.errors] == ["FORBIDDEN"]  # type: ignore[index]  # an errors entry is JSON
    assert await opens(firm, made["token"])


@pytest.mark.parametrize(
    ("given", "path"),
    [({"name": " "}, "name"), ({"name": "a\nb"}, "name"), ({"days": 0}, "days"), ({"days": 731}, "days")],
)
async def test_what_is_wrong_is_said(
    firm: Firm, owner: Viewer, connection: IdentityProvider, *, given: dict[str, object], path: str
) -> None:
    assert (await create(firm, owner, connection, **given)).user_errors == [("BAD_USER_INPUT", f"input.{path}")]
    assert await ScimToken.filter(identity_provider_id=connection.id).count() == 0


async def test_a_connection_has_so_many_at_most(firm: Firm, owner: Viewer, connection: IdentityProvider) -> None:
    for _ in range(MOST_TOKENS):
        assert (await create(firm, owner, connection)).user_errors == []
    answer = await create(firm, owner, connection)
    assert answer.user_errors == [("CONFLICT", "input.identityProviderId")]
