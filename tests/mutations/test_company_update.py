from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from auth.permissions import Permission
from models.tenant import Company
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from tenancy.database import Database
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


@asynccontextmanager
async def meanwhile(firm: Firm, company: Company, **columns: object) -> AsyncIterator[None]:
    """Somebody else's change of the company, written when the block begins and committed when it ends."""
    written, commit = asyncio.Event(), asyncio.Event()

    async def change() -> None:
        async with tenant_scope(firm.placement, authorization_version=None):
            await Company.filter(id=company.id).update(**columns, version=company.version + 1)
            written.set()
            await commit.wait()

    # A task of its own, for the scope is the task's and the block is to have none.
    other = asyncio.create_task(change())
    await written.wait()
    yield
    commit.set()
    await other


async def somebody_waits(database: Database) -> None:
    """Until a statement in the tests' database waits for a lock."""
    looking = await asyncpg.connect(database.url)
    try:
        while not await looking.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock') FROM pg_sleep(0.01)"
        ):
            pass
    finally:
        await looking.close()


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


async def test_an_outdated_version_is_a_conflict_and_nothing_is_written(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    await update(firm, analyst, company, name="First")
    answer = await update(firm, analyst, company, name="Second")
    assert answer.user_errors == [("CONFLICT", "input.version")]
    assert answer.payload["userErrors"][0]["currentVersion"] == 2
    assert answer.payload["company"]["name"] == "First"
    assert (await firm.row(company.id)).name == "First"


async def test_a_version_that_was_never_given_out_is_a_conflict_too(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    answer = await update(firm, analyst, company, version=2, name="After")
    assert answer.user_errors == [("CONFLICT", "input.version")]
    await assert_untouched(firm, company)


async def test_two_updates_of_one_version_at_once_one_wins_and_the_other_is_told(firm: Firm, owner: Viewer) -> None:
    viewers = [await firm.viewer(owner.member_id), await firm.viewer(owner.member_id)]
    for attempt in range(10):
        company = await firm.company("DACH", sector="Before", industry="Before")
        given: list[dict[str, object]] = [{"sector": f"First {attempt}"}, {"industry": f"Second {attempt}"}]
        answers = await asyncio.gather(
            *(update(firm, viewer, company, **keys) for viewer, keys in zip(viewers, given, strict=True))
        )
        won = [not answer.user_errors for answer in answers]
        assert sorted(won) == [False, True]
        lost = answers[won.index(False)]
        assert lost.user_errors == [("CONFLICT", "input.version")]
        assert lost.payload["userErrors"][0]["currentVersion"] == 2
        row = await firm.row(company.id)
        expected = (f"First {attempt}", "Before") if won[0] else ("Before", f"Second {attempt}")
        assert (row.sector, row.industry, row.version) == (*expected, 2)


async def test_an_update_that_waited_for_another_is_told_what_the_other_made(
    firm: Firm, database: Database, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    async with meanwhile(firm, company, name="First"):
        second = asyncio.create_task(update(firm, analyst, company, name="Second"))
        await somebody_waits(database)
    answer = await second
    assert answer.user_errors == [("CONFLICT", "input.version")]
    assert answer.payload["userErrors"][0]["currentVersion"] == 2
    assert (await firm.row(company.id)).name == "First"


async def test_a_company_that_moves_out_of_reach_while_an_update_waits_is_gone(
    firm: Firm, database: Database, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    async with meanwhile(firm, company, org_unit_id=firm.units["Americas"]):
        second = asyncio.create_task(update(firm, analyst, company, name="Second"))
        await somebody_waits(database)
    answer = await second
    assert answer.user_errors == [("NOT_FOUND", "input.id")]
    assert answer.payload["company"] is None
    assert (await firm.row(company.id)).name == "Before"


async def test_a_version_that_was_guessed_ahead_does_not_carry_a_permission_over_a_move(
    firm: Firm, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    async with meanwhile(firm, company, org_unit_id=firm.units["Americas"]):
        ahead = await update(firm, analyst, company, version=2, name="Second")
    assert ahead.user_errors == [("CONFLICT", "input.version")]
    assert (await firm.row(company.id)).name == "Before"


async def test_a_company_never_belongs_to_itself_through_others(firm: Firm, analyst: Viewer) -> None:
    top = await firm.company("DACH")
    middle = await firm.company("EMEA", parent_id=top.id)
    bottom = await firm.company("DACH", parent_id=middle.id)
    for parent in (top, middle, bottom):
        answer = await update(firm, analyst, top, parentId=global_id("Company", parent.id))
        assert answer.user_errors == [("BAD_USER_INPUT", "input.parentId")]
    await assert_untouched(firm, top)


async def test_two_changes_at_once_make_no_circle_either(firm: Firm, analyst: Viewer) -> None:
    for _ in range(5):
        one, two = await firm.company("DACH"), await firm.company("DACH")
        answers = await asyncio.gather(
            update(firm, analyst, one, parentId=global_id("Company", two.id)),
            update(firm, analyst, two, parentId=global_id("Company", one.id)),
        )
        assert sorted(len(answer.user_errors) for answer in answers) == [0, 1]


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


async def test_one_reference_wanted_by_two_at_once_goes_to_one(firm: Firm, owner: Viewer) -> None:
    reference = uuid4().hex
    one, two = await firm.company("DACH"), await firm.company("Americas")
    answers = await asyncio.gather(*(update(firm, owner, each, reference=reference) for each in (one, two)))
    assert sorted(answer.user_errors for answer in answers) == [[], [("BAD_USER_INPUT", "input.reference")]]


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
