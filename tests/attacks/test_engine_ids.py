"""Row T1: a global id of another tenant, of another type or of nobody is an id of nothing, at the same cost."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest

from models.tenant import Company, Contact, Member, OrgUnit
from tests.oracle.asking import ask
from tests.oracle.personas import personas
from tests.oracle.reading import encode
from tests.oracle.tenant_rows import load_rows
from tests.statements import recorded_statements

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.engine import Engine
    from tests.oracle.asking import Asked
    from tests.oracle.tenant_rows import TenantRows

DOCUMENTS: Final = {
    "node": "query($id: ID!) { node(id: $id) { __typename id ... on Company { name taxId } } }",
    "nodes": "query($id: ID!) { nodes(ids: [$id]) { __typename id ... on Company { name taxId } } }",
    "company": "query($id: ID!) { company(id: $id) { __typename id name taxId } }",
    "filter": "query($id: ID!) { companies(first: 5, filter: {parent: {equals: $id}}) { totalCount nodes { id } } }",
    "filter by several": "query($id: ID!) { companies(first: 5, filter: {orgUnit: {oneOf: [$id]}}) { totalCount } }",
    "assignee": "query($id: ID!) { onboardingCases(first: 5, filter: {assignee: {equals: $id}}) { totalCount } }",
    "update": """mutation($id: ID!) {
        companyUpdate(input: {id: $id, version: 1, name: "Taken"}) { company { id } userErrors { code field message } }
    }""",
    "create in a unit": """mutation($id: ID!) {
        companyCreate(input: {orgUnitId: $id, name: "New"}) { company { id } userErrors { code field message } }
    }""",
    "create below a parent": """mutation($id: ID!, $unit: ID!) {
        companyCreate(input: {orgUnitId: $unit, name: "New", parentId: $id}) {
            company { id } userErrors { code field message }
        }
    }""",
    "open a case": """mutation($id: ID!) {
        onboardingCaseOpen(input: {companyId: $id, title: "New"}) {
            onboardingCase { id } userErrors { code field message }
        }
    }""",
    "advance a case": """mutation($id: ID!) {
        onboardingCaseAdvance(input: {id: $id, version: 1, state: WITHDRAWN}) {
            onboardingCase { id } userErrors { code field message }
        }
    }""",
}
# Savepoints are numbered through.
NUMBERED: Final = re.compile(r"block_\d+")
NOTHING: Final = encode("Company", {"id": UUID(int=1)})


@pytest.fixture
def owner(northwind: TenantRows) -> Viewer:
    return personas(northwind)["owner"]


def key_of(rows: TenantRows) -> UUID:
    key: UUID = rows.tables[Company][0]["id"]
    return key


def base64_of(text: str) -> str:
    return b64encode(text.encode()).decode()


def ids_of_nothing(northwind: TenantRows, tailspin: TenantRows) -> dict[str, str]:
    ours, theirs = key_of(northwind), key_of(tailspin)
    good = base64_of(f"Company:{ours}")
    member = northwind.tables[Member][0]["id"]
    return {
        "another tenant's": base64_of(f"Company:{theirs}"),
        "another tenant's, as a node": base64_of(f"Node:{theirs}"),
        "a contact's key as a company's": base64_of(f"Company:{northwind.tables[Contact][0]['id']}"),
        "a member's key as a company's": base64_of(f"Company:{member}"),
        "another tenant's contact": encode("Contact", tailspin.tables[Contact][0]),
        "a type that is no row": base64_of(f"CompanyAddress:{ours}"),
        "a type that does not exist": base64_of(f"PublicCompany:{ours}"),
        "a table": base64_of(f"company:{ours}"),
        "capitals": base64_of(f"Company:{str(ours).upper()}"),
        "braces": base64_of(f"Company:{{{ours}}}"),
        "no dashes": base64_of(f"Company:{ours.hex}"),
        "urn": base64_of(f"Company:urn:uuid:{ours}"),
        "white space": base64_of(f"Company: {ours}"),
        "encoded twice": base64_of(good),
        "without padding": good.rstrip("="),
        "too much padding": good + "=",
        "a line's end": good + "\n",
        "left-over bits": good[:-2] + chr(ord(good[-2]) + 1) + "=",
        "url-safe alphabet": good.replace("+", "-").replace("/", "_") + " ",
        "not encoded": f"Company:{ours}",
        "a number": "1",
        "nothing": "",
        "long": good * 100,
        "SQL": base64_of("Company:' OR 1=1 --"),
        "NUL": base64_of(f"Company:{ours}\x00"),
        "half a character": "\ud800",
    }


def unit_for(document: str, rows: TenantRows) -> dict[str, str]:
    """The variable that some documents need beside the id."""
    return {"unit": encode("OrgUnit", rows.tables[OrgUnit][0])} if "$unit" in DOCUMENTS[document] else {}


def answer(asked: Asked) -> tuple[object, object, int]:
    return (asked.data, asked.errors, len(asked.statements))


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_t1_an_id_of_nothing_ours_is_answered_like_an_id_of_nothing_at_all(
    document: str, engine: Engine, owner: Viewer, northwind: TenantRows, tailspin: TenantRows
) -> None:
    variables = unit_for(document, northwind)
    expected = answer(await ask(engine, owner, DOCUMENTS[document], {"id": NOTHING, **variables}))
    assert expected[0] is not None, expected
    assert expected[1] == ()
    for kind, given in ids_of_nothing(northwind, tailspin).items():
        if kind == "half a character" and "filter" in DOCUMENTS[document]:
            continue  # no text that there could be, so no filter takes it (G29)
        assert answer(await ask(engine, owner, DOCUMENTS[document], {"id": given, **variables})) == expected, kind


@pytest.mark.parametrize("document", DOCUMENTS)
async def test_t1_the_statements_for_a_stranger_have_the_text_of_those_for_nobody(
    document: str, engine: Engine, owner: Viewer, northwind: TenantRows, tailspin: TenantRows
) -> None:
    """One text is one plan in PostgreSQL, and so one cost. Everything counts that goes over the connection."""
    sent = []
    for given in (NOTHING, base64_of(f"Company:{key_of(tailspin)}")):
        with recorded_statements() as statements:
            await ask(engine, owner, DOCUMENTS[document], {"id": given, **unit_for(document, northwind)})
        # How transactions begin and end depends on what the connection did before.
        sent.append([NUMBERED.sub("block", each) for each in statements if each.endswith("*/") or "block_" in each])
    assert sent[0] == sent[1]
    assert sent[0]


async def test_t1_an_object_out_of_reach_is_answered_like_one_that_is_not_there(
    engine: Engine, northwind: TenantRows
) -> None:
    viewer, north = personas(northwind)["analyst in the north"], northwind.units_below("North")
    hidden = [row for row in northwind.tables[Company] if row["org_unit_id"] not in north]
    assert hidden
    for document in ("node", "nodes", "company", "filter"):
        expected = answer(await ask(engine, viewer, DOCUMENTS[document], {"id": NOTHING}))
        for row in hidden:
            given = encode("Company", row)
            assert answer(await ask(engine, viewer, DOCUMENTS[document], {"id": given})) == expected


async def test_t1_nothing_of_the_other_tenant_was_changed(tailspin: TenantRows) -> None:
    now = await load_rows(tailspin.placement)
    assert now.by_key(Company, key_of(tailspin)) == tailspin.by_key(Company, key_of(tailspin))


async def test_t1_ids_of_unknown_types_make_no_new_plans(engine: Engine, owner: Viewer) -> None:
    """Else a list of made-up types would push everybody's plans out of the cache."""
    document = "query($ids: [ID!]!) { nodes(ids: $ids) { id } }"
    await ask(engine, owner, document, {"ids": ["x"]})
    before = len(engine._decided)  # noqa: SLF001 - what must not grow
    for number in range(50):
        await ask(engine, owner, document, {"ids": [base64_of(f"Type{number}:{UUID(int=1)}")]})
    assert len(engine._decided) == before  # noqa: SLF001 - see above


def test_t1_ids_in_this_test_are_what_they_seem(northwind: TenantRows, tailspin: TenantRows) -> None:
    good = base64_of(f"Company:{key_of(northwind)}")
    left_over = ids_of_nothing(northwind, tailspin)["left-over bits"]
    assert left_over != good
    assert b64decode(left_over) == b64decode(good)
