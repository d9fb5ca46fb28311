"""What one change comes to for one viewer, decided when it is sent."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from auth.roles import BUILT_IN_ROLES
from engine.engine import Engine
from engine.request import Request
from engine.result import Result, Stage
from models.tenant import Company, RoleAssignment
from schema.build import build_schema
from tenancy.changes import Change, Topic, Verb
from tenancy.errors import StaleAuthorizationError
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id, make_units

if TYPE_CHECKING:
    from uuid import UUID

    from settings import Settings
    from tenancy.database import Database

DOCUMENT = "subscription($id:ID){companyChanged(id:$id){kind company{name taxId}}}"


@pytest.fixture(scope="module")
async def firm(settings: Settings, database: Database) -> Firm:
    slug = f"events-{secrets.token_hex(4)}"
    placement = await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    return Firm(Engine(build_schema(), settings), placement, await make_units(placement))


def change(firm: Firm, key: UUID, verb: Verb = Verb.UPDATE) -> Change:
    return Change(firm.placement.schema, "Company", key, verb)


def asked(document: str = DOCUMENT, **variables: object) -> Request:
    return Request(document, "test", variables=variables, streams=True)


async def event(firm: Firm, member_id: UUID, what: Change, document: str = DOCUMENT) -> Result | None:
    return await firm.engine.event(asked(document), await firm.viewer(member_id), what)


async def test_an_event_has_the_fields_that_its_viewer_may_read(firm: Firm) -> None:
    company = await firm.company("EMEA", name="Seen", tax_id="123")
    owner = await firm.member(("owner", None))
    analyst = await firm.member(("analyst", "EMEA"))
    whole = await event(firm, owner.member_id, change(firm, company.id, Verb.INSERT))
    assert whole is not None
    assert whole.data is not None
    assert json.loads(whole.data) == {
        "companyChanged": {"kind": "CREATED", "company": {"name": "Seen", "taxId": "123"}}
    }
    assert whole.errors == ()
    part = await event(firm, analyst.member_id, change(firm, company.id))
    assert part is not None
    assert part.data is not None
    assert json.loads(part.data) == {"companyChanged": {"kind": "UPDATED", "company": {"name": "Seen", "taxId": None}}}
    assert [each["extensions"]["field"] for each in part.errors] == ["Company.taxId"]  # type: ignore[index] # an object


@pytest.mark.parametrize("document", [DOCUMENT, "subscription{companyChanged{kind}}"])
async def test_t12_what_is_out_of_reach_gone_or_of_another_tenant_is_no_event(firm: Firm, document: str) -> None:
    analyst = await firm.member(("analyst", "EMEA"))
    abroad = await firm.company("Americas")
    gone = await firm.company("EMEA")
    async with tenant_scope(firm.placement, authorization_version=None):
        await Company.filter(id=gone.id).delete()
    here = await firm.company("EMEA")
    for each in (
        change(firm, abroad.id),
        change(firm, gone.id),
        change(firm, gone.id, Verb.DELETE),
        change(firm, here.id, Verb.DELETE),
        change(firm, uuid4()),
        Change("t_0000000000000001", "Company", here.id, Verb.UPDATE),
    ):
        assert await event(firm, analyst.member_id, each, document) is None
    assert await event(firm, analyst.member_id, change(firm, here.id), document) is not None


async def test_t12_the_topic_is_of_the_tenant_in_the_token_whatever_id_is_given(firm: Firm) -> None:
    viewer = await firm.member(("owner", None))
    schema, key = firm.placement.schema, uuid4()
    viewer = await firm.viewer(viewer.member_id)
    assert await firm.engine.subscribe(asked(), viewer) == Topic(schema, "Company", None)
    for given in ("*", "", "%", f"t_0000000000000001:Company:{key}", global_id("Contact", key)):
        assert await firm.engine.subscribe(asked(id=given), viewer) == Topic(schema, "Company", frozenset())
    known = asked(id=global_id("Company", key))
    assert await firm.engine.subscribe(known, viewer) == Topic(schema, "Company", frozenset({key}))


async def test_g21_grants_count_as_they_are_when_an_event_is_sent(firm: Firm) -> None:
    company = await firm.company("EMEA")
    viewer = await firm.member(("owner", None))
    async with tenant_scope(firm.placement, authorization_version=None):
        await RoleAssignment.filter(member_id=viewer.member_id).delete()
    with pytest.raises(StaleAuthorizationError):
        await firm.engine.event(asked(), viewer, change(firm, company.id))
    now = await firm.viewer(viewer.member_id)
    for refusal in (
        await firm.engine.event(asked(), now, change(firm, company.id)),
        await firm.engine.subscribe(asked(), now),
    ):
        assert isinstance(refusal, Result)
        assert (refusal.data, refusal.stage) == (None, Stage.DECISION)


@pytest.mark.parametrize(
    "document",
    [
        "subscription{companyChanged{kind} other:companyChanged{kind}}",
        "subscription{__typename}",
        "subscription{companyChanged @skip(if:true){kind}}",
        "subscription{companyChanged{company" + "{parent" * 14 + "{name}" + "}" * 16,
    ],
)
async def test_g5_g22_a_subscription_is_held_to_the_rules_of_every_document(firm: Firm, document: str) -> None:
    viewer = await firm.viewer((await firm.member(("owner", None))).member_id)
    refusal = await firm.engine.subscribe(asked(document), viewer)
    assert isinstance(refusal, Result)
    assert refusal.data is None
    assert refusal.errors


async def test_where_one_answer_is_all_there_is_a_subscription_is_refused(firm: Firm) -> None:
    viewer = await firm.viewer((await firm.member(("owner", None))).member_id)
    result = await firm.engine.execute(Request(DOCUMENT, "test"), viewer)
    assert (result.data, result.stage) == (None, Stage.VALIDATION)
    assert "/graphql/stream" in str(result.errors)
