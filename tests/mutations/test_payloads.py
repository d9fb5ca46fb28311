"""What a mutation answers is read by plan, under the decision that a query would have."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest
from graphql import GraphQLObjectType, get_named_type

from auth.permissions import Permission
from models.tenant import BankAccount, Contact
from schema.build import build_schema
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from models.tenant import Company
    from tests.mutations.firm import Answer

# Every permission that can be asked for below a company.
SEEN: Final = """
fragment Seen on Company {
  __typename id name version taxId vatNumber legal: legalName
  address { city country }
  financials { creditLimit creditCurrency riskScore }
  orgUnit { name parent { name } }
  parent { name taxId }
  subsidiaries(first: 5) { totalCount nodes { name taxId } }
  contacts(first: 5) { nodes { fullName email company { taxId } } pageInfo { endCursor } }
  bankAccounts(first: 5) { edges { cursor node { holder iban } } }
  onboardingCases(first: 5) { nodes { title nextStates assignee { fullName email } } }
}
"""
UPDATE: Final = (
    "mutation ($input: CompanyUpdateInput!)"
    " { companyUpdate(input: $input) { company { ...Seen } userErrors { code } } }" + SEEN
)
QUERY: Final = "query ($id: ID!) { company(id: $id) { ...Seen } }" + SEEN
SECRETS: Final = ("DE136695976", "181", "4711.00", "DE89370400440532013000", "erika@muster.example")


async def filled_company(firm: Firm, unit: str) -> Company:
    parent = await firm.company("Americas", name="Parent", tax_id="18100000000")
    company = await firm.company(
        unit,
        tax_id="18181508155",
        vat_number="DE136695976",
        credit_limit=Decimal("4711.00"),
        credit_currency="EUR",
        parent_id=parent.id,
    )
    await firm.company("Americas", name="Child", parent_id=company.id)
    async with tenant_scope(firm.placement, authorization_version=None):
        await Contact.create(company_id=company.id, full_name="Erika Muster", email="erika@muster.example")
        await BankAccount.create(company_id=company.id, holder="M", iban="DE89370400440532013000", currency="EUR")
    return company


async def update(firm: Firm, viewer: Viewer, company: Company, **given: object) -> Answer:
    given = {"id": global_id("Company", company.id), "version": company.version, **given}
    return await firm.ask(viewer, UPDATE, input=given)


def without_place(errors: list[dict[str, object]], root: str) -> list[dict[str, object]]:
    """Errors without what must differ between a query and a payload: where in the document they stand."""
    cleaned = []
    for error in errors:
        extensions = error["extensions"]
        assert isinstance(extensions, dict)
        where = str(extensions.get("selection", "")).removeprefix(f"{root}.")
        path = ".".join(map(str, error.get("path", []))).removeprefix(f"{root}.")  # type: ignore[call-overload] # JSON
        cleaned.append({"message": error["message"], **extensions, "selection": where, "path": path})
    return cleaned


PERSONAS: Final = {
    "may do everything": (("owner", None),),
    "may do everything in one region": (("owner", "EMEA"),),
    "analyst everywhere": (("analyst", None),),
    "analyst in one region": (("analyst", "EMEA"),),
    "approver in one region": (("approver", "EMEA"),),
    "reads all, writes in one region": (("auditor", None), ("analyst", "DACH")),
    "an analyst here and an owner there": (("analyst", None), ("owner", "Americas")),
}


@pytest.mark.parametrize("persona", PERSONAS)
async def test_a_payload_says_what_a_query_would_say(firm: Firm, persona: str) -> None:
    viewer = await firm.member(*PERSONAS[persona])
    company = await filled_company(firm, "DACH")
    changed = await update(firm, viewer, company, legalName="Muster")
    asked = await firm.ask(viewer, QUERY, id=global_id("Company", company.id))
    assert changed.data is not None
    assert asked.data is not None
    assert changed.data["companyUpdate"]["userErrors"] == []
    assert changed.data["companyUpdate"]["company"]["legal"] == "Muster"
    # A cursor is good for the field that gave it out, which is the same field here.
    assert changed.data["companyUpdate"]["company"] == asked.data["company"]
    assert without_place(changed.errors, "companyUpdate.company") == without_place(asked.errors, "company")


async def test_g31_a_mutation_payload_returns_only_what_its_caller_may_read(firm: Firm, analyst: Viewer) -> None:
    company = await filled_company(firm, "DACH")
    with recorded_statements() as sent:
        answer = await update(firm, analyst, company, legalName="Muster")
    assert answer.data is not None
    seen = answer.data["companyUpdate"]["company"]
    assert (seen["taxId"], seen["vatNumber"], seen["financials"], seen["parent"]) == (None, None, None, None)
    assert seen["subsidiaries"] == {"totalCount": 0, "nodes": []}
    assert seen["bankAccounts"]["edges"][0]["node"] == {"holder": "M", "iban": None}
    assert not [secret for secret in SECRETS if secret in str(answer) and secret != "erika@muster.example"]
    assert not [sql for sql in sent if "tax_id" in sql or "iban" in sql or "credit" in sql]
    denied = {error["extensions"]["field"] for error in answer.errors}
    assert {"Company.taxId", "Company.vatNumber", "Company.financials", "BankAccount.iban"} <= denied
    assert set(answer.codes) == {"FORBIDDEN"}


async def test_g31_who_may_write_and_not_read_gets_nothing_back(firm: Firm) -> None:
    writer = await firm.member((await firm.role(Permission.COMPANY_WRITE, Permission.ORG_UNIT_READ), "DACH"))
    answer = await firm.ask(
        writer,
        "mutation ($input: CompanyCreateInput!) {"
        " companyCreate(input: $input) { company { id name } userErrors { code message } } }",
        input={"orgUnitId": firm.unit_id("DACH"), "name": "Muster", "reference": uuid4().hex},
    )
    assert answer.data == {"companyCreate": {"company": None, "userErrors": []}}
    assert [error["extensions"]["field"] for error in answer.errors] == ["CompanyCreatePayload.company"]
    assert answer.codes == ["FORBIDDEN"]


async def test_g31_a_company_that_its_caller_moved_out_of_their_own_sight_is_not_shown(firm: Firm) -> None:
    both = (Permission.COMPANY_WRITE, Permission.ORG_UNIT_READ)
    viewer = await firm.member(
        (await firm.role(*both, Permission.COMPANY_READ), "DACH"), (await firm.role(*both), None)
    )
    company = await firm.company("DACH")
    answer = await firm.ask(
        viewer,
        "mutation ($input: CompanyUpdateInput!)"
        " { companyUpdate(input: $input) { company { name } userErrors { code } } }",
        input={"id": global_id("Company", company.id), "version": 1, "orgUnitId": firm.unit_id("Americas")},
    )
    assert answer.payload == {"company": None, "userErrors": []}
    assert (await firm.row(company.id)).org_unit_id == firm.units["Americas"]


def test_g31_no_payload_leads_back_to_the_root() -> None:
    schema = build_schema()._schema  # noqa: SLF001 - Strawberry has no public name for the schema it built
    assert schema.mutation_type is not None
    assert schema.query_type is not None
    reached = {get_named_type(field.type).name for field in schema.mutation_type.fields.values()}
    while True:
        types = [schema.type_map[name] for name in reached]
        below = {
            get_named_type(field.type).name
            for type_ in types
            if isinstance(type_, GraphQLObjectType)
            for field in type_.fields.values()
        }
        if below <= reached:
            break
        reached |= below
    assert "Company" in reached
    assert schema.query_type.name not in reached
