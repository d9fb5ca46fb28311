"""A mutation that is one statement, and alone in its request, is one round trip; it answers what it would anyway."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from auth.permissions import Permission
from engine.mutation import _Mutating
from tests.mutations.firm import Firm, global_id
from tests.mutations.test_company_update import assert_untouched, update
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from models.tenant import Company
    from tests.mutations.firm import Answer

SEEN: Final = """
{ company { id name sector version taxId status orgUnit { name } financials { creditLimit }
    contacts(first: 1) { totalCount } }
  userErrors { code field message currentVersion } __typename }
"""
ONE: Final = f"mutation ($input: CompanyUpdateInput!) {{ companyUpdate(input: $input) {SEEN} }}"
TWO: Final = (
    "mutation ($a: CompanyUpdateInput!, $b: CompanyUpdateInput!)"
    f" {{ a: companyUpdate(input: $a) {SEEN} b: companyUpdate(input: $b) {SEEN} }}"
)


async def given(company: Company, **keys: object) -> dict[str, object]:
    return {"id": global_id("Company", company.id), "version": company.version, **keys}


async def test_it_is_one_message_once_it_is_prepared(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    for version in (1, 2, 3):
        with recorded_statements() as sent:
            answer = await firm.ask(analyst, ONE, input=await given(company, version=version, sector=f"{version}"))
        assert answer.data is not None
        assert answer.data["companyUpdate"]["company"]["version"] == version + 1
        # What resolves the grants of the test's viewer reads, and nothing else.
        assert sum("UPDATE" in sql for sql in sent) == 1
        assert not [sql for sql in sent if "SAVEPOINT" in sql or sql.startswith("SET CONSTRAINTS")]
    assert (await firm.row(company.id)).sector == "3"


PERSONAS: Final = {
    "may do everything": (("owner", None),),
    "owner in one region": (("owner", "EMEA"),),
    "analyst in one region": (("analyst", "EMEA"),),
    "reads all, writes in one unit": (("auditor", None), ("analyst", "DACH")),
    "reads all": (("auditor", None),),
    "elsewhere": (("owner", "Americas"),),
    "nobody": (),
}
KEYS: Final[dict[str, dict[str, object]]] = {
    "one column": {"sector": "After"},
    "several, one emptied": {"sector": None, "name": "After", "status": "ACTIVE", "address": {"city": "Wien"}},
    "nothing": {},
    "a wrong value": {"website": "no website", "sector": "After"},
    "an outdated version": {"sector": "After", "version": 7},
    "tax": {"taxId": "123", "sector": "After"},
    "credit": {"financials": {"creditLimit": "5", "creditCurrency": "EUR"}},
    "a move": {"orgUnitId": "EMEA"},
    "another type's id": {"id": "unit", "sector": "After"},
}


@pytest.mark.parametrize("keys", KEYS)
@pytest.mark.parametrize("persona", PERSONAS)
async def test_it_answers_and_leaves_what_it_would_have_left_otherwise(
    firm: Firm, persona: str, keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await firm.member(*PERSONAS[persona])
    unit_ids = {"orgUnitId": firm.unit_id("EMEA"), "id": firm.unit_id("EMEA")}
    written = {name: unit_ids.get(name, value) for name, value in KEYS[keys].items()}
    seen = []
    for at_once in (True, False):
        if not at_once:
            monkeypatch.setattr(_Mutating, "_made_at_once", _never)
        company = await firm.company("DACH", sector="Before", tax_id="1")
        answer = await firm.ask(viewer, ONE, input=await given(company, **written))
        after = await firm.columns(company.id)
        changed = {name: value for name, value in after.items() if name not in {"id", "created_at", "updated_at"}}
        is_touched = after["updated_at"] != company.updated_at
        seen.append((_without_id(answer, company), changed, is_touched))
    assert seen[0] == seen[1]


async def _never(*_: object) -> bool:
    return False


def _without_id(answer: Answer, company: Company) -> str:
    return str(answer).replace(global_id("Company", company.id), "ID")


async def test_a_payload_that_looks_at_the_table_again_shows_how_it_is_afterwards(firm: Firm, owner: Viewer) -> None:
    parent = await firm.company("DACH")
    await firm.company("DACH", parent_id=parent.id)
    document = """mutation ($input: CompanyUpdateInput!) { companyUpdate(input: $input) {
        company { name subsidiaries(first: 1) { nodes { parent { name } } } } again: company { version } } }"""
    answer = await firm.ask(owner, document, input=await given(parent, name="After"))
    assert answer.payload == {
        "company": {"name": "After", "subsidiaries": {"nodes": [{"parent": {"name": "After"}}]}},
        "again": {"version": 2},
    }


async def test_of_several_mutations_each_sees_those_before_it_and_one_that_fails_takes_none_along(
    firm: Firm, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    first, second = await given(company, sector="First"), await given(company, version=2, sector="Second")
    answer = await firm.ask(analyst, TWO, a=first, b=second)
    assert answer.data is not None
    assert [answer.data[name]["company"]["version"] for name in "ab"] == [2, 3]
    third, forbidden = await given(company, version=3, sector="Third"), await given(company, version=4, taxId="1")
    refused = await firm.ask(analyst, TWO, a=third, b=forbidden)
    assert refused.data is not None
    assert refused.data["a"]["company"]["version"] == 4
    assert refused.data["b"] is None
    assert [each["path"] for each in refused.errors if "fields" in each["extensions"]] == [["b"]]
    assert (await firm.row(company.id)).sector == "Third"


async def test_a_value_that_the_database_refuses_is_explained_as_ever(firm: Firm, analyst: Viewer) -> None:
    reference = uuid4().hex
    await firm.company("Americas", reference=reference)
    company = await firm.company("DACH")
    for _ in range(3):
        answer = await update(firm, analyst, company, reference=reference)
        assert answer.user_errors == [("BAD_USER_INPUT", "input.reference")]
    await assert_untouched(firm, company)


async def test_who_may_write_some_keys_here_and_others_there_writes_all_where_both_hold(firm: Firm) -> None:
    both = (Permission.COMPANY_WRITE, Permission.COMPANY_READ, Permission.ORG_UNIT_READ)
    tax, plain = await firm.role(*both, Permission.COMPANY_WRITE_TAX), await firm.role(*both)
    viewer = await firm.member((tax, "DACH"), (plain, "Americas"))
    here, there = await firm.company("DACH"), await firm.company("Americas")
    assert (await update(firm, viewer, here, vatNumber=None, sector="After")).user_errors == []
    refused = await update(firm, viewer, there, vatNumber=None, sector="After")
    assert refused.errors[0]["extensions"]["fields"] == ["CompanyUpdateInput.vatNumber"]
    await assert_untouched(firm, there)
    assert (await firm.row(here.id)).sector == "After"
