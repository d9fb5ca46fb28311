from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from models.tenant import Company
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Answer

CREATE = """
mutation ($input: CompanyCreateInput!) {
  companyCreate(input: $input) {
    company { name reference status version orgUnit { name } address { city country } parent { name } }
    userErrors { code field message currentVersion }
  }
}
"""


async def create(firm: Firm, viewer: Viewer, unit: str = "DACH", **given: object) -> Answer:
    given = {"orgUnitId": firm.unit_id(unit), "name": "Muster", **given}
    return await firm.ask(viewer, CREATE, input=given)


async def companies_named(firm: Firm, name: str) -> list[Company]:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return await Company.filter(name=name)


async def test_a_company_is_made_where_its_maker_may_write(firm: Firm, analyst: Viewer) -> None:
    reference = uuid4().hex
    answer = await create(
        firm, analyst, name="  Muster & Söhne  ", reference=reference, address={"city": "Wien", "country": "at"}
    )
    assert answer.payload["userErrors"] == []
    assert answer.payload["company"] == {
        "name": "Muster & Söhne",
        "reference": reference,
        "status": "PROSPECT",
        "version": 1,
        "orgUnit": {"name": "DACH"},
        "address": {"city": "Wien", "country": "AT"},
        "parent": None,
    }


async def test_every_key_reaches_its_column(firm: Firm, owner: Viewer) -> None:
    parent = await firm.company("Americas")
    name = uuid4().hex
    answer = await create(
        firm,
        owner,
        name=name,
        reference=name,
        legalName="Muster GmbH",
        status="ACTIVE",
        sector="Trade",
        industry="Wholesale",
        website="https://muster.example/de",
        foundedYear=1888,
        foundedNote="1888 or so",
        listedOn="1999-12-31",
        taxId="181/815/08155",
        vatNumber="de 136 695 976",
        lei="213800kud8lajwsq9d15",
        cik="66740",
        address={"street": "Hauptstr. 1", "city": "Ulm", "region": "BW", "postalCode": "89073", "country": "DE"},
        financials={"creditLimit": "1000.5", "creditCurrency": "eur", "riskScore": 7},
        parentId=global_id("Company", parent.id),
    )
    assert answer.user_errors == []
    (made,) = await companies_named(firm, name)
    row = await firm.columns(made.id)
    assert {column: row[column] for column in row if column not in {"id", "created_at", "updated_at"}} == {
        "org_unit_id": firm.units["DACH"],
        "parent_id": parent.id,
        "version": 1,
        "reference": name,
        "name": name,
        "legal_name": "Muster GmbH",
        "status": "ACTIVE",
        "sector": "Trade",
        "industry": "Wholesale",
        "website": "https://muster.example/de",
        "founded_year": 1888,
        "founded_note": "1888 or so",
        "listed_on": date(1999, 12, 31),
        "tax_id": "18181508155",
        "vat_number": "DE136695976",
        "lei": "213800KUD8LAJWSQ9D15",
        "cik": "0000066740",
        "address_street": "Hauptstr. 1",
        "address_city": "Ulm",
        "address_region": "BW",
        "address_postal_code": "89073",
        "address_country": "DE",
        "credit_limit": Decimal("1000.50"),
        "credit_currency": "EUR",
        "risk_score": 7,
    }


async def test_a_member_without_a_role_makes_nothing_and_nothing_is_asked_of_the_database(
    firm: Firm, nobody: Viewer
) -> None:
    with recorded_statements() as sent:
        answer = await create(firm, nobody)
    assert answer.data == {"companyCreate": None}
    assert answer.codes == ["FORBIDDEN"]
    assert not [sql for sql in sent if "INSERT" in sql]


async def test_who_may_read_all_and_write_nothing_makes_nothing(firm: Firm, auditor: Viewer) -> None:
    answer = await create(firm, auditor)
    assert (answer.data, answer.codes) == ({"companyCreate": None}, ["FORBIDDEN"])


async def test_a_unit_that_the_caller_may_not_see_is_one_that_does_not_exist(firm: Firm, analyst: Viewer) -> None:
    out_of_reach = await create(firm, analyst, "Americas")
    missing = await create(firm, analyst, orgUnitId=global_id("OrgUnit", uuid4()))
    garbage = await create(firm, analyst, orgUnitId="garbage")
    of_another_type = await create(firm, analyst, orgUnitId=global_id("Company", firm.units["DACH"]))
    assert out_of_reach.user_errors == [("NOT_FOUND", "input.orgUnitId")]
    assert out_of_reach == missing == garbage == of_another_type


async def test_another_tenants_unit_does_not_exist(firm: Firm, other_firm: Firm, owner: Viewer) -> None:
    answer = await create(firm, owner, orgUnitId=other_firm.unit_id("DACH"))
    assert answer.user_errors == [("NOT_FOUND", "input.orgUnitId")]


async def test_a_unit_that_the_caller_sees_and_may_not_write_in_is_forbidden(firm: Firm) -> None:
    reads_all_writes_emea = await firm.member(("auditor", None), ("analyst", "EMEA"))
    answer = await create(firm, reads_all_writes_emea, "Americas")
    assert (answer.data, answer.codes) == ({"companyCreate": None}, ["FORBIDDEN"])
    assert answer.errors[0]["extensions"]["fields"] == ["CompanyCreateInput.orgUnitId", "CompanyCreateInput.name"]


@pytest.mark.parametrize(
    ("key", "value", "path"),
    [
        ("name", "   ", "input.name"),
        ("name", "x" * 201, "input.name"),
        ("name", "two\nlines", "input.name"),
        ("name", "a nul \x00", "input.name"),
        ("name", "half a character \ud800", "input.name"),
        ("legalName", "x" * 201, "input.legalName"),
        ("reference", "x" * 65, "input.reference"),
        ("status", None, "input.status"),
        ("website", "javascript:alert(1)", "input.website"),
        ("website", "https://me:secret@muster.example", "input.website"),
        ("website", "www.muster.example", "input.website"),
        ("website", "https://muster.example:port", "input.website"),
        ("foundedYear", 0, "input.foundedYear"),
        ("foundedYear", 2147483647, "input.foundedYear"),
        ("taxId", "x" * 40, "input.taxId"),
        ("vatNumber", "DE136695977", "input.vatNumber"),
        ("vatNumber", "136695976", "input.vatNumber"),
        ("lei", "213800KUD8LAJWSQ9D16", "input.lei"),
        ("cik", "12345678901", "input.cik"),
        ("cik", "٣", "input.cik"),
        ("address", {"country": "XX"}, "input.address.country"),
        ("address", {"country": "DEU"}, "input.address.country"),
        ("address", {"city": "x" * 101}, "input.address.city"),
        ("financials", {"creditLimit": "-1", "creditCurrency": "EUR"}, "input.financials.creditLimit"),
        ("financials", {"creditLimit": "NaN", "creditCurrency": "EUR"}, "input.financials.creditLimit"),
        ("financials", {"creditLimit": "1E18", "creditCurrency": "EUR"}, "input.financials.creditLimit"),
        ("financials", {"creditLimit": "0.001", "creditCurrency": "EUR"}, "input.financials.creditLimit"),
        ("financials", {"creditLimit": "1"}, "input.financials.creditLimit"),
        ("financials", {"creditCurrency": "XYZ"}, "input.financials.creditCurrency"),
        ("financials", {"riskScore": 101}, "input.financials.riskScore"),
        ("financials", {"riskScore": -1}, "input.financials.riskScore"),
    ],
)
async def test_a_value_that_makes_no_sense_is_named_and_nothing_is_made(
    firm: Firm, owner: Viewer, key: str, value: object, path: str
) -> None:
    reference = uuid4().hex
    given: dict[str, Any] = {"reference": reference, key: value}
    answer = await create(firm, owner, **given)
    assert answer.user_errors == [("BAD_USER_INPUT", path)]
    assert answer.payload["company"] is None
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        assert not await Company.exists(reference=reference)


async def test_a_tax_id_is_checked_as_one_of_the_addresss_country(firm: Firm, owner: Viewer) -> None:
    american = await create(firm, owner, taxId="91-1144442", address={"country": "US"})
    german = await create(firm, owner, taxId="91-1144442", address={"country": "DE"})
    of_no_known_country = await create(firm, owner, taxId="91-1144442")
    assert american.user_errors == of_no_known_country.user_errors == []
    assert german.user_errors == [("BAD_USER_INPUT", "input.taxId")]


async def test_everything_that_is_wrong_is_said_at_once(firm: Firm, owner: Viewer) -> None:
    answer = await create(firm, owner, name=" ", lei="x", address={"country": "??"})
    assert sorted(path for _, path in answer.user_errors) == ["input.address.country", "input.lei", "input.name"]


async def test_a_reference_is_given_once(firm: Firm, regional: Viewer) -> None:
    taken = await firm.company("Americas", reference=uuid4().hex, name="Out of reach")
    answer = await create(firm, regional, reference=taken.reference)
    assert answer.user_errors == [("BAD_USER_INPUT", "input.reference")]
    assert answer.payload["company"] is None
    assert "Out of reach" not in str(answer)


async def test_a_taken_reference_leaves_the_mutations_beside_it_standing(firm: Firm, owner: Viewer) -> None:
    reference = uuid4().hex
    answer = await firm.ask(
        owner,
        """
        mutation ($a: CompanyCreateInput!, $b: CompanyCreateInput!, $unit: ID!) {
          first: companyCreate(input: $a) { company { name } userErrors { code } }
          second: companyCreate(input: $b) { company { name } userErrors { code } }
          third: companyCreate(input: {orgUnitId: $unit, name: "Third"}) { company { name } userErrors { code } }
        }
        """,
        unit=firm.unit_id("EMEA"),
        a={"orgUnitId": firm.unit_id("EMEA"), "name": "First", "reference": reference},
        b={"orgUnitId": firm.unit_id("EMEA"), "name": "Second", "reference": reference},
    )
    assert answer.errors == []
    assert answer.data == {
        "first": {"company": {"name": "First"}, "userErrors": []},
        "second": {"company": None, "userErrors": [{"code": "BAD_USER_INPUT"}]},
        "third": {"company": {"name": "Third"}, "userErrors": []},
    }
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        assert (await Company.get(reference=reference)).name == "First"


async def test_a_parent_out_of_reach_is_one_that_does_not_exist(firm: Firm, other_firm: Firm, regional: Viewer) -> None:
    hidden = await firm.company("Americas")
    foreign = await other_firm.company("DACH")
    answers = [
        await create(firm, regional, parentId=global_id("Company", key)) for key in (hidden.id, foreign.id, uuid4())
    ]
    assert answers[0].user_errors == [("NOT_FOUND", "input.parentId")]
    assert answers[0] == answers[1] == answers[2]
