from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from auth.acting import Acting, ActingKind
from auth.scannable_secret import PERSONAL_ACCESS_TOKEN, has_form
from engine.request import Request
from models.tenant import AuditEvent
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Answer, Firm

CREATE = """
mutation ($input: PersonalAccessTokenCreateInput!) {
  personalAccessTokenCreate(input: $input) {
    token personalAccessToken { id name scopes } userErrors { code field message }
  }
}
"""
REVOKE = """
mutation ($input: PersonalAccessTokenRevokeInput!) {
  personalAccessTokenRevoke(input: $input) { userErrors { code field message } }
}
"""


async def create(firm: Firm, viewer: Viewer, **given: object) -> Answer:
    return await firm.ask(viewer, CREATE, input={"name": "A script", "days": 30} | given)


async def test_a_token_is_made_and_revoked_by_its_member_alone(firm: Firm, owner: Viewer) -> None:
    made = (await create(firm, owner, scopes=["company:read"])).payload
    assert has_form(PERSONAL_ACCESS_TOKEN, made["token"])
    token_id = made["personalAccessToken"]["id"]
    other = await firm.member(("owner", None))
    unknown = await firm.ask(other, REVOKE, input={"id": str(uuid4())})
    foreign = await firm.ask(other, REVOKE, input={"id": token_id})
    assert unknown == foreign
    assert foreign.user_errors == [("NOT_FOUND", "input.id")]
    assert (await firm.ask(owner, REVOKE, input={"id": token_id})).user_errors == []
    assert (await firm.ask(owner, REVOKE, input={"id": token_id})).user_errors == [("NOT_FOUND", "input.id")]
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=token_id).order_by("id")
    assert [event.action for event in events] == ["personal_access_token:create", "personal_access_token:revoke"]
    assert {event.actor_id for event in events} == {owner.member_id}


async def test_a_member_sees_their_own_tokens_as_long_as_they_are_good(firm: Firm) -> None:
    person, other = await firm.member(("owner", None)), await firm.member(("owner", None))

    async def listed(viewer: Viewer) -> list[str]:
        answer = await firm.ask(viewer, "{ viewer { personalAccessTokens { id } } }")
        return [each["id"] for each in answer.payload["personalAccessTokens"]]

    first, second = [
        (await create(firm, person, name=name)).payload["personalAccessToken"]["id"] for name in ("first", "second")
    ]
    assert (await listed(person), await listed(other)) == ([second, first], [])
    await firm.ask(person, REVOKE, input={"id": second})
    assert await listed(person) == [first]
    denied = await firm.ask(await firm.member(), "{ viewer { personalAccessTokens { id } } }")
    assert (denied.data, denied.codes) == ({"viewer": {"personalAccessTokens": None}}, ["FORBIDDEN"])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"days": 0}, "days"),
        ({"days": 367}, "days"),
        ({"scopes": ["company:fly"]}, "scopes"),
    ],
)
async def test_what_makes_no_sense_is_refused(firm: Firm, owner: Viewer, given: dict[str, object], field: str) -> None:
    answer = await create(firm, owner, **given)
    assert answer.user_errors == [("BAD_USER_INPUT", f"input.{field}")]
    assert answer.payload["token"] is None


async def test_without_the_permission_there_is_none(firm: Firm, analyst: Viewer) -> None:
    assert (await create(firm, analyst)).data in ({"personalAccessTokenCreate": None}, None)


async def test_a_token_or_a_client_makes_no_token_and_revokes_none(firm: Firm, owner: Viewer) -> None:
    for kind in ActingKind:
        acting = replace(await firm.viewer(owner.member_id), acting=Acting(kind))
        for document, code in ((CREATE, "UNAUTHENTICATED"), (REVOKE, "FORBIDDEN")):
            given = {"name": "A script", "days": 30} if document is CREATE else {"id": str(uuid4())}
            result = await firm.engine.execute(Request(document, "test", variables={"input": given}), acting)
            assert [error["extensions"]["code"] for error in result.errors] == [code]  # type: ignore[index]  # an errors entry is JSON
