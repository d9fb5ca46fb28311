from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from auth.permissions import Permission
from models.tenant import Company
from resolvers.companies_import import MOST_ROWS
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Answer

IMPORT = """
mutation ($input: CompaniesImportInput!) {
  companiesImport(input: $input) {
    created updated unchanged rejected
    userErrors { code field message currentVersion }
  }
}
"""

COUNTS = ("created", "updated", "unchanged", "rejected")


async def take(firm: Firm, viewer: Viewer, *rows: dict[str, object], unit: str = "DACH", **given: object) -> Answer:
    given = {"orgUnitId": firm.unit_id(unit), "rows": list(rows), **given}
    return await firm.ask(viewer, IMPORT, input=given)


def counts(answer: Answer) -> tuple[int, ...]:
    return tuple(answer.payload[name] for name in COUNTS)


async def found(firm: Firm, *references: object) -> dict[str, Company]:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return {str(each.reference): each for each in await Company.filter(reference__in=references)}


@pytest.fixture
async def importer(firm: Firm) -> Viewer:
    """May import into EMEA and below, sees all companies, and has nothing to do with tax ids and credit."""
    own = await firm.role(Permission.COMPANY_IMPORT, Permission.COMPANY_WRITE, Permission.ORG_UNIT_READ)
    return await firm.member((own, "EMEA"), (await firm.role(Permission.COMPANY_READ, Permission.ORG_UNIT_READ), None))


async def test_known_rows_are_changed_and_new_ones_made(firm: Firm, regional: Viewer) -> None:
    known, new, same = (uuid4().hex for _ in range(3))
    before = await firm.company("EMEA", reference=known, name="Before", sector="Trade")
    unchanged = await firm.company("DACH", reference=same, name="Same")
    rows: list[dict[str, object]] = [
        {"reference": known, "name": "After", "address": {"city": "Wien", "country": "AT"}},
        {"reference": new, "name": "New", "taxId": "123", "financials": {"creditLimit": "1", "creditCurrency": "EUR"}},
        {"reference": same, "name": "Same"},
    ]
    answer = await take(firm, regional, *rows)
    assert (counts(answer), answer.payload["userErrors"]) == ((1, 1, 1, 0), [])
    rows_now = await found(firm, known, new, same)
    changed = rows_now[known]
    assert (changed.name, changed.sector, changed.address_country, changed.version) == ("After", "Trade", "AT", 2)
    assert changed.org_unit_id == firm.units["EMEA"], "an import moves nothing"
    assert (changed.created_at, changed.updated_at > before.updated_at) == (before.created_at, True)
    assert (rows_now[new].org_unit_id, rows_now[new].status, rows_now[new].version) == (
        firm.units["DACH"],
        "PROSPECT",
        1,
    )
    assert rows_now[same].updated_at == unchanged.updated_at
    assert counts(await take(firm, regional, *rows)) == (0, 0, 3, 0)
    assert (await found(firm, known))[known].version == 2


async def test_a_row_that_makes_no_sense_is_left_out_whole_and_the_others_are_taken(
    firm: Firm, regional: Viewer
) -> None:
    good, bad, nameless = (uuid4().hex for _ in range(3))
    known = await firm.company("DACH", reference=uuid4().hex, name="Before")
    answer = await take(
        firm,
        regional,
        {"reference": bad, "name": "Bad", "lei": "x", "address": {"country": "??", "city": "Ulm"}},
        {"reference": good, "name": "Good"},
        {"reference": nameless},
        {"reference": good, "name": "Twice"},
        {"reference": " ", "name": "No reference"},
        {"reference": known.reference, "name": "After", "foundedYear": -1},
        {"reference": "two\nlines", "name": "A reference that can't be one"},
    )
    assert counts(answer) == (1, 0, 0, 6)
    assert answer.user_errors == [
        ("BAD_USER_INPUT", "input.rows.0.lei"),
        ("BAD_USER_INPUT", "input.rows.0.address.country"),
        ("BAD_USER_INPUT", "input.rows.2"),
        ("BAD_USER_INPUT", "input.rows.3.reference"),
        ("BAD_USER_INPUT", "input.rows.4.reference"),
        ("BAD_USER_INPUT", "input.rows.5.foundedYear"),
        ("BAD_USER_INPUT", "input.rows.6.reference"),
    ]
    assert set(await found(firm, good, bad, nameless)) == {good}
    assert (await firm.row(known.id)).name == "Before"


async def test_a_dry_run_says_the_same_and_keeps_nothing(firm: Firm, regional: Viewer) -> None:
    known = await firm.company("DACH", reference=uuid4().hex, name="Before")
    new = uuid4().hex
    rows: list[dict[str, object]] = [
        {"reference": known.reference, "name": "After"},
        {"reference": new, "name": "New"},
    ]
    dry = await take(firm, regional, *rows, dryRun=True)
    assert counts(dry) == (1, 1, 0, 0)
    assert await found(firm, new) == {}
    assert (await firm.row(known.id)).name == "Before"
    assert counts(await take(firm, regional, *rows)) == (1, 1, 0, 0)


@pytest.mark.parametrize("roles", [(), (("analyst", None),), (("auditor", None),)])
async def test_who_may_not_import_takes_nothing(firm: Firm, roles: tuple[tuple[str, None], ...]) -> None:
    reference = uuid4().hex
    answer = await take(firm, await firm.member(*roles), {"reference": reference, "name": "New"})
    assert (answer.data, answer.codes) == ({"companiesImport": None}, ["FORBIDDEN"])
    assert await found(firm, reference) == {}


@pytest.mark.parametrize("forbidden", [{"taxId": None}, {"financials": {"riskScore": 1}}, {"vatNumber": "DE136695976"}])
async def test_one_forbidden_key_in_one_row_refuses_the_whole(
    firm: Firm, importer: Viewer, forbidden: dict[str, object]
) -> None:
    reference = uuid4().hex
    with recorded_statements() as sent:
        answer = await take(
            firm, importer, {"reference": reference, "name": "New"}, {"reference": "x", "name": "y", **forbidden}
        )
    assert (answer.data, answer.codes) == ({"companiesImport": None}, ["FORBIDDEN"])
    (key,) = forbidden
    assert f"CompanyImportRow.{key}" in answer.errors[0]["extensions"]["fields"]
    assert not [sql for sql in sent if "INSERT" in sql]
    assert await found(firm, reference) == {}


async def test_a_unit_in_which_the_importer_may_not_import_is_forbidden(firm: Firm, importer: Viewer) -> None:
    answer = await take(firm, importer, {"reference": "x", "name": "y"}, unit="Americas")
    assert (answer.data, answer.codes) == ({"companiesImport": None}, ["FORBIDDEN"])


async def test_a_unit_that_the_importer_may_not_see_does_not_exist(
    firm: Firm, other_firm: Firm, regional: Viewer
) -> None:
    for unit_id in (firm.unit_id("Americas"), other_firm.unit_id("DACH"), "garbage"):
        answer = await take(firm, regional, {"reference": "x", "name": "y"}, orgUnitId=unit_id)
        assert answer.user_errors == [("NOT_FOUND", "input.orgUnitId")]
        assert counts(answer) == (0, 0, 0, 0)


async def test_a_known_company_that_the_importer_may_not_write_is_left_alone(firm: Firm, importer: Viewer) -> None:
    known = await firm.company("Americas", reference=uuid4().hex, name="Before")
    answer = await take(firm, importer, {"reference": known.reference, "name": "After"})
    assert (counts(answer), answer.user_errors) == ((0, 0, 0, 1), [("FORBIDDEN", "input.rows.0")])
    assert (await firm.row(known.id)).name == "Before"


async def test_a_hidden_company_with_the_same_reference_is_not_told_from_any_other(
    firm: Firm, regional: Viewer
) -> None:
    hidden = await firm.company("Americas", reference=uuid4().hex, name="Out of reach", lei="213800KUD8LAJWSQ9D15")
    answers = [
        await take(firm, regional, {"reference": hidden.reference, **given})
        for given in ({"name": "Out of reach"}, {"name": "Other"})
    ]
    assert answers[0].user_errors == [("BAD_USER_INPUT", "input.rows.0.reference")]
    assert answers[0] == answers[1]
    assert "Out of reach" not in str(answers[0].payload)


async def test_unchanged_does_not_tell_whether_a_guess_at_a_hidden_value_is_right(firm: Firm) -> None:
    blind = await firm.role(Permission.COMPANY_IMPORT, Permission.COMPANY_WRITE_TAX)
    viewer = await firm.member(("analyst", None), (blind, None))
    known = await firm.company("DACH", reference=uuid4().hex, name="Before", tax_id="123")
    right = await take(firm, viewer, {"reference": known.reference, "taxId": "123"}, dryRun=True)
    wrong = await take(firm, viewer, {"reference": known.reference, "taxId": "456"}, dryRun=True)
    assert counts(right) == counts(wrong) == (0, 1, 0, 0)


async def test_another_tenants_company_of_the_same_reference_is_another_company(
    firm: Firm, other_firm: Firm, regional: Viewer
) -> None:
    foreign = await other_firm.company("DACH", reference=uuid4().hex, name="Theirs")
    assert counts(await take(firm, regional, {"reference": foreign.reference, "name": "Ours"})) == (1, 0, 0, 0)
    assert (await other_firm.row(foreign.id)).name == "Theirs"


async def test_too_many_rows_are_refused(firm: Firm, regional: Viewer) -> None:
    rows: list[dict[str, Any]] = [{"reference": f"{number}", "name": "x"} for number in range(MOST_ROWS + 1)]
    answer = await take(firm, regional, *rows)
    assert (counts(answer), answer.user_errors) == ((0, 0, 0, 0), [("BAD_USER_INPUT", "input.rows")])


async def test_the_number_of_statements_does_not_follow_the_number_of_rows(firm: Firm, regional: Viewer) -> None:
    sent_for = []
    for number in (2, 90):
        rows: list[dict[str, object]] = [{"reference": uuid4().hex, "name": "x"} for _ in range(number)]
        await take(firm, regional, *rows)
        changed: list[dict[str, object]] = [{**row, "name": "y"} for row in rows] + [
            {"reference": uuid4().hex, "name": "z"}
        ]
        with recorded_statements() as sent:
            assert counts(await take(firm, regional, *changed)) == (1, number, 0, 0)
        sent_for.append(len(sent))
    assert sent_for[0] == sent_for[1]


async def test_the_identity_of_a_company_is_no_key_of_a_row(firm: Firm, regional: Viewer) -> None:
    company = await firm.company("DACH")
    answer = await take(firm, regional, {"reference": "x", "name": "y", "id": global_id("Company", company.id)})
    assert answer.data is None
    assert answer.codes == ["BAD_USER_INPUT"]
