"""Domains by GraphQL: claimed, proved by a record, and of the tenant alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from models.shared import Domain
from models.tenant import AuditEvent
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from tests.auth.name_server import NameServer
    from tests.mutations.firm import Answer, Firm

SHOWN = "domain { id name verifiedAt checkedAt recordName recordValue } userErrors { code field message }"
ADD = f"mutation ($input: DomainAddInput!) {{ domainAdd(input: $input) {{ {SHOWN} }} }}"
VERIFY = f"mutation ($input: DomainVerifyInput!) {{ domainVerify(input: $input) {{ {SHOWN} }} }}"
REMOVE = "mutation ($input: DomainRemoveInput!) { domainRemove(input: $input) { userErrors { code field message } } }"


@pytest.fixture(autouse=True)
async def _no_domains(firm: Firm, other_firm: Firm) -> AsyncIterator[None]:
    yield
    await Domain.filter(tenant_id__in=[firm.placement.tenant_id, other_firm.placement.tenant_id]).delete()


async def added(firm: Firm, viewer: Viewer, name: str = "firm.example") -> dict[str, Any]:
    payload = (await firm.ask(viewer, ADD, input={"name": name})).payload
    assert payload["userErrors"] == []
    found: dict[str, Any] = payload["domain"]
    return found


async def verify(firm: Firm, viewer: Viewer, domain: dict[str, Any]) -> Answer:
    return await firm.ask(viewer, VERIFY, input={"id": domain["id"]})


async def test_a_domain_is_claimed_proved_lost_and_removed(firm: Firm, owner: Viewer, name_server: NameServer) -> None:
    domain = await added(firm, owner, " Firm.Example ")
    assert (domain["name"], domain["verifiedAt"], domain["checkedAt"]) == ("firm.example", None, None)
    assert await added(firm, owner) == domain
    missing = await verify(firm, owner, domain)
    assert missing.user_errors == [("BAD_USER_INPUT", "input.id")]
    assert missing.payload["domain"]["checkedAt"] is not None
    name_server.records[f"{domain['recordName']}."] = [domain["recordValue"]]
    verified = (await verify(firm, owner, domain)).payload
    assert verified["userErrors"] == []
    listed = await firm.ask(owner, "{ domains { id name verifiedAt checkedAt recordName recordValue } }")
    assert listed.data == {"domains": [verified["domain"]]}
    del name_server.records[f"{domain['recordName']}."]
    assert (await verify(firm, owner, domain)).payload["domain"]["verifiedAt"] is None
    assert (await firm.ask(owner, REMOVE, input={"id": domain["id"]})).user_errors == []
    assert (await firm.ask(owner, REMOVE, input={"id": domain["id"]})).user_errors == [("NOT_FOUND", "input.id")]
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=domain["id"]).order_by("id")
    assert [event.action for event in events] == ["domain:add", "domain:verify", "domain:lose", "domain:remove"]
    assert {event.actor_id for event in events} == {owner.member_id}


async def test_a_domain_that_another_tenant_has_proved_is_taken(
    firm: Firm, other_firm: Firm, owner: Viewer, name_server: NameServer
) -> None:
    stranger = await other_firm.member(("owner", None))
    first, second = await added(firm, owner, "taken.example"), await added(other_firm, stranger, "taken.example")
    assert first["recordValue"] != second["recordValue"]
    name_server.records[f"{first['recordName']}."] = [first["recordValue"], second["recordValue"]]
    assert (await verify(firm, owner, first)).user_errors == []
    refused = await verify(other_firm, stranger, second)
    assert refused.user_errors == [("CONFLICT", "input.id")]
    assert not await was_written_down(other_firm, second["id"], "domain:verify")


async def was_written_down(firm: Firm, key: str, action: str) -> bool:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return await AuditEvent.exists(subject_id=key, action=action)


@pytest.mark.parametrize("document", [VERIFY, REMOVE], ids=["verify", "remove"])
async def test_another_tenants_domain_is_answered_as_one_that_does_not_exist(
    firm: Firm, other_firm: Firm, owner: Viewer, name_server: NameServer, document: str
) -> None:
    domain = await added(firm, owner)
    before, asked = await Domain.filter(id=domain["id"]).values(), [*name_server.questions]
    stranger = await other_firm.member(("owner", None))
    foreign, unknown, none = [
        await other_firm.ask(stranger, document, input={"id": each}) for each in (domain["id"], str(uuid4()), "x")
    ]
    assert foreign == unknown == none
    assert foreign.user_errors == [("NOT_FOUND", "input.id")]
    assert await Domain.filter(id=domain["id"]).values() == before
    assert name_server.questions == asked


@pytest.mark.parametrize("name", ["", "firm", "*.firm.example", "10.0.0.1", "münchen.example"])
async def test_what_is_no_domain_is_refused(firm: Firm, owner: Viewer, name: str) -> None:
    answer = await firm.ask(owner, ADD, input={"name": name})
    assert answer.user_errors == [("BAD_USER_INPUT", "input.name")]


async def test_without_the_permission_everywhere_nothing_is_shown_or_changed(
    firm: Firm, owner: Viewer, regional: Viewer, analyst: Viewer, auditor: Viewer
) -> None:
    domain = await added(firm, owner)
    for viewer in (regional, analyst, auditor):
        for document, given in ((ADD, {"name": "x.example"}), (VERIFY, domain), (REMOVE, domain)):
            changed = given if document == ADD else {"id": domain["id"]}
            answer = await firm.ask(viewer, document, input=changed)
            assert answer.data is None or [*answer.data.values()] == [None]
    for viewer, data in ((regional, {"domains": None}), (auditor, {"domains": [{"id": domain["id"]}]})):
        assert (await firm.ask(viewer, "{ domains { id } }")).data == data
    assert [each.name for each in await Domain.filter(tenant_id=firm.placement.tenant_id)] == ["firm.example"]
