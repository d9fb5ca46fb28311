from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from auth.permissions import Permission
from tests.mutations.firm import Firm, global_id
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from models.tenant import Company
    from tests.mutations.firm import Answer

UPDATE = """
mutation ($input: CompanyUpdateInput!) {
  companyUpdate(input: $input) {
    company { id name version orgUnit { name } }
    userErrors { code field message currentVersion }
  }
}
"""


async def update(firm: Firm, viewer: Viewer, company: Company, **given: object) -> Answer:
    given = {"id": global_id("Company", company.id), "version": company.version, **given}
    return await firm.ask(viewer, UPDATE, input=given)


async def assert_untouched(firm: Firm, company: Company) -> None:
    now = await firm.columns(company.id)
    assert now == {column: getattr(company, column) for column in now}


async def test_what_is_given_is_changed_and_what_is_left_out_stays(firm: Firm, analyst: Viewer) -> None:
    before = await firm.company("DACH", sector="Trade", industry="Wholesale", tax_id="1", credit_limit=Decimal(5))
    answer = await update(firm, analyst, before, name="After", sector=None)
    assert answer.user_errors == []
    assert answer.payload["company"]["version"] == 2
    after = await firm.columns(before.id)
    changed = {name for name, value in after.items() if value != getattr(before, name)}
    assert changed == {"name", "sector", "version", "updated_at"}
    assert (after["name"], after["sector"]) == ("After", None)
    assert after["updated_at"] > before.updated_at


async def test_an_input_that_changes_nothing_leaves_the_version(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    answer = await update(firm, analyst, company)
    assert answer.payload["company"]["version"] == 1
    await assert_untouched(firm, company)


async def test_a_part_of_an_address_can_be_changed_or_all_of_it_removed(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH", address_street="Ring 1", address_city="Wien", address_country="AT")
    await update(firm, analyst, company, address={"street": "Ring 2"})
    moved = await firm.row(company.id)
    assert (moved.address_street, moved.address_city, moved.address_country) == ("Ring 2", "Wien", "AT")
    await update(firm, analyst, moved, address=None)
    homeless = await firm.row(company.id)
    assert (homeless.address_street, homeless.address_city, homeless.address_country) == (None, None, None)


async def test_a_company_that_the_caller_may_not_see_is_one_that_does_not_exist(
    firm: Firm, other_firm: Firm, analyst: Viewer
) -> None:
    hidden, foreign = await firm.company("Americas"), await other_firm.company("DACH")
    unit = firm.units["DACH"]
    ids = [
        global_id("Company", hidden.id),
        global_id("Company", foreign.id),
        global_id("Company", uuid4()),
        global_id("OrgUnit", unit),
        "garbage",
        "",
    ]
    answers = [await update(firm, analyst, hidden, id=each, name="Seen") for each in ids]
    assert answers[0].user_errors == [("NOT_FOUND", "input.id")]
    assert answers[0].payload["company"] is None
    assert all(answer == answers[0] for answer in answers)
    await assert_untouched(firm, hidden)
    await assert_untouched(other_firm, foreign)


async def test_nothing_tells_a_stale_version_of_a_hidden_company_from_a_missing_one(
    firm: Firm, analyst: Viewer
) -> None:
    hidden = await firm.company("Americas")
    stale = await update(firm, analyst, hidden, version=17, name="x" * 500, parentId="garbage")
    missing = await update(firm, analyst, hidden, id="garbage", version=17, name="x" * 500, parentId="garbage")
    assert stale == missing


async def test_a_company_that_the_caller_sees_and_may_not_write_is_forbidden(firm: Firm) -> None:
    reader = await firm.member(("auditor", None), ("analyst", "EMEA"))
    company = await firm.company("Americas")
    answer = await update(firm, reader, company, name="After")
    assert (answer.data, answer.codes) == ({"companyUpdate": None}, ["FORBIDDEN"])
    await assert_untouched(firm, company)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"taxId": "1"}, {"CompanyUpdateInput.taxId"}),
        ({"taxId": None}, {"CompanyUpdateInput.taxId"}),
        ({"taxId": "1", "vatNumber": None}, {"CompanyUpdateInput.taxId", "CompanyUpdateInput.vatNumber"}),
        (
            {"financials": {"riskScore": None}},
            {"CompanyUpdateInput.financials", "CompanyFinancialsInput.riskScore"},
        ),
        ({"financials": None}, {"CompanyUpdateInput.financials"}),
    ],
)
async def test_one_forbidden_key_refuses_the_whole_before_anything_is_written(
    firm: Firm, analyst: Viewer, given: dict[str, object], named: set[str]
) -> None:
    company = await firm.company("DACH", tax_id="before")
    with recorded_statements() as sent:
        answer = await update(firm, analyst, company, name="After", **given)
    assert answer.data == {"companyUpdate": None}
    (error,) = answer.errors
    assert error["extensions"]["code"] == "FORBIDDEN"
    assert set(error["extensions"]["fields"]) == named
    assert all(each in error["message"] for each in named)
    assert not [sql for sql in sent if "UPDATE" in sql]
    await assert_untouched(firm, company)


async def test_a_key_that_may_be_written_in_one_unit_is_refused_in_another(firm: Firm) -> None:
    viewer = await firm.member(
        ("analyst", None), (await firm.role(Permission.COMPANY_WRITE_TAX, Permission.COMPANY_READ_TAX), "DACH")
    )
    here, there = await firm.company("DACH"), await firm.company("EMEA", tax_id="before")
    assert (await update(firm, viewer, here, taxId="123")).user_errors == []
    answer = await update(firm, viewer, there, name="After", taxId="123", vatNumber=None)
    assert answer.data == {"companyUpdate": None}
    (error,) = answer.errors
    assert error["extensions"]["fields"] == ["CompanyUpdateInput.taxId", "CompanyUpdateInput.vatNumber"]
    assert (await firm.row(here.id)).tax_id == "123"
    await assert_untouched(firm, there)


async def test_a_company_moves_where_its_mover_may_write_in_both_units(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    answer = await update(firm, analyst, company, orgUnitId=firm.unit_id("EMEA"))
    assert answer.payload["company"]["orgUnit"] == {"name": "EMEA"}


async def test_a_company_does_not_move_where_its_mover_may_not_write(firm: Firm) -> None:
    reader = await firm.member(("auditor", None), ("analyst", "EMEA"))
    company, elsewhere = await firm.company("DACH"), await firm.company("Americas")
    away = await update(firm, reader, company, orgUnitId=firm.unit_id("Americas"))
    here = await update(firm, reader, elsewhere, orgUnitId=firm.unit_id("DACH"))
    assert away.codes == here.codes == ["FORBIDDEN"]
    await assert_untouched(firm, company)
    await assert_untouched(firm, elsewhere)


async def test_a_company_does_not_move_where_its_mover_sees_nothing(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    hidden = await update(firm, analyst, company, orgUnitId=firm.unit_id("Americas"))
    missing = await update(firm, analyst, company, orgUnitId=global_id("OrgUnit", uuid4()))
    assert hidden.user_errors == [("NOT_FOUND", "input.orgUnitId")]
    assert hidden == missing
    await assert_untouched(firm, company)


async def test_a_key_is_allowed_in_both_units_or_not_at_all(firm: Firm) -> None:
    tax = await firm.role(Permission.COMPANY_WRITE_TAX)
    viewer = await firm.member(("analyst", None), (tax, "DACH"))
    company = await firm.company("DACH")
    answer = await update(firm, viewer, company, taxId="123", orgUnitId=firm.unit_id("Americas"))
    assert answer.errors[0]["extensions"]["fields"] == ["CompanyUpdateInput.taxId"]
    await assert_untouched(firm, company)


async def test_a_company_never_belongs_to_itself_through_others(firm: Firm, analyst: Viewer) -> None:
    top = await firm.company("DACH")
    middle = await firm.company("EMEA", parent_id=top.id)
    bottom = await firm.company("DACH", parent_id=middle.id)
    for parent in (top, middle, bottom):
        answer = await update(firm, analyst, top, parentId=global_id("Company", parent.id))
        assert answer.user_errors == [("BAD_USER_INPUT", "input.parentId")]
    await assert_untouched(firm, top)


async def test_a_parent_can_be_taken_away(firm: Firm, analyst: Viewer) -> None:
    child = await firm.company("DACH", parent_id=(await firm.company("DACH")).id)
    assert (await update(firm, analyst, child, parentId=None)).user_errors == []
    assert (await firm.row(child.id)).parent_id is None


async def test_a_taken_reference_is_refused_without_a_word_about_who_has_it(firm: Firm, analyst: Viewer) -> None:
    hidden = await firm.company("Americas", name="Out of reach", reference=uuid4().hex)
    seen = await firm.company("DACH", name="In reach", reference=uuid4().hex)
    company = await firm.company("DACH")
    answers = [await update(firm, analyst, company, reference=each.reference) for each in (hidden, seen)]
    assert answers[0].user_errors == [("BAD_USER_INPUT", "input.reference")]
    assert answers[0] == answers[1]
    await assert_untouched(firm, company)


async def test_a_credit_limit_never_stands_without_its_currency(firm: Firm, owner: Viewer) -> None:
    company = await firm.company("DACH", credit_limit=Decimal(5), credit_currency="EUR")
    bare = await firm.company("DACH")
    assert (await update(firm, owner, company, financials={"creditLimit": "6"})).user_errors == []
    after = await firm.row(company.id)
    without = await update(firm, owner, bare, financials={"creditLimit": "6"})
    deprived = await update(firm, owner, after, financials={"creditCurrency": None})
    assert without.user_errors == [("BAD_USER_INPUT", "input.financials.creditLimit")]
    assert deprived.user_errors == [("BAD_USER_INPUT", "input.financials.creditCurrency")]
    assert (await update(firm, owner, after, financials=None)).user_errors == []


async def test_a_column_that_is_not_written_is_not_read(firm: Firm, owner: Viewer) -> None:
    company = await firm.company("DACH", tax_id="1", credit_limit=Decimal(1), credit_currency="EUR")
    with recorded_statements() as sent:
        assert (await update(firm, owner, company, name="After")).user_errors == []
    of_companies = [sql for sql in sent if "company" in sql]
    assert of_companies
    assert not [sql for sql in of_companies if "tax_id" in sql or "credit" in sql or "risk" in sql]
