"""Row G29: values that no column can hold are the caller's mistake, told so, and never a failure of ours."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import pytest

from models.tenant import Company
from tests.oracle.asking import ask
from tests.oracle.personas import personas
from tests.oracle.reading import encode

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from engine.engine import Engine
    from tests.oracle.tenant_rows import TenantRows

NUMBERS: Final = {
    "Int": "query($v: Int) { companies(first: 3, filter: {foundedYear: {equals: $v}}) { totalCount } }",
    "Decimal": "query($v: Decimal) { companies(first: 3, filter: {creditLimit: {atLeast: $v}}) { totalCount } }",
    "first": "query($v: Int!) { companies(first: $v) { totalCount } }",
    "Date": "query($v: Date) { companies(first: 3, filter: {listedOn: {atMost: $v}}) { totalCount } }",
    "Boolean": "query($v: Boolean!) { companies(first: 3) { totalCount @skip(if: $v) } }",
    "condition": "query($v: Boolean = true) { companies(first: 3) { totalCount @include(if: $v) } }",
    "enum": "query($v: CompanyStatus) { companies(first: 3, filter: {status: {equals: $v}}) { totalCount } }",
    "object": "query($v: CompanyFilter) { companies(first: 3, filter: $v) { totalCount } }",
    "list": "query($v: [ID!]!) { nodes(ids: $v) { id } }",
}
TEXTS: Final = {
    "equals": "query($v: String) { companies(first: 3, filter: {name: {equals: $v}}) { totalCount } }",
    "oneOf": "query($v: String!) { companies(first: 3, filter: {name: {oneOf: [$v]}}) { totalCount } }",
    "contains": "query($v: String) { companies(first: 3, filter: {name: {contains: $v}}) { totalCount } }",
    "startsWith": "query($v: String) { companies(first: 3, filter: {taxId: {startsWith: $v}}) { totalCount } }",
    "after": "query($v: String) { companies(first: 3, after: $v) { totalCount } }",
    "id": "query($v: ID!) { node(id: $v) { id } }",
    "id in a filter": "query($v: ID) { companies(first: 3, filter: {parent: {equals: $v}}) { totalCount } }",
    "type name": "query($v: String!) { __type(name: $v) { name } }",
}
WRONG: Final[tuple[Any, ...]] = (
    *(math.nan, math.inf, -math.inf, 1e400, -0.0, 0.1, 10**400, 2**31, -(2**31) - 1, 2**63, True, None, [], {}, [[]]),
    *(
        "NaN",
        "sNaN",
        "-NaN1",
        "Infinity",
        "-inf",
        "1e400",
        "1e200000",
        "1e-200000",
        "1e999999999",
        "0x1",
        "",
        " ",
        "\u0661",
    ),
    *("10000-01-01", "2024-02-30", "-0001-01-01", "now", "infinity", "epoch", "2024-01-01T00:00:00Z", "\x00", "\ud800"),
    *({"creditLimit": {"equals": "NaN"}}, {"name": {"equals": "\x00"}}, {"name": {"oneOf": ["a", "\udfff"]}}),
    "9" * 5_000,
)


@pytest.fixture
def owner(northwind: TenantRows) -> Viewer:
    return personas(northwind)["owner"]


async def assert_answered(engine: Engine, viewer: Viewer, document: str, value: object) -> None:
    """Either there is an answer, or it says that the question is wrong, and then nothing was sent."""
    asked = await ask(engine, viewer, document, {"v": value})
    if asked.data is None:
        assert set(asked.codes) == {"BAD_USER_INPUT"} or asked.codes == ["OPERATION_LIMIT_EXCEEDED"]
        assert asked.statements == []
    else:
        assert asked.errors == ()


@pytest.mark.parametrize("type_", NUMBERS)
async def test_g29_a_value_that_is_none_of_its_type_is_a_typed_error(type_: str, engine: Engine, owner: Viewer) -> None:
    for value in WRONG:
        await assert_answered(engine, owner, NUMBERS[type_], value)


@pytest.mark.parametrize("place", TEXTS)
@pytest.mark.parametrize(
    "text", ["\x00", "a\x00b", "\ud800", "a\udfffb", "\uffff", "\U0010ffff", "%", "\\", "'", "$1", "x" * 100_000]
)
async def test_g29_no_text_reaches_postgres_that_it_cannot_hold(
    place: str, text: str, engine: Engine, owner: Viewer
) -> None:
    await assert_answered(engine, owner, TEXTS[place], text)


@pytest.mark.parametrize("text", ["\x00", "\ud800"])
@pytest.mark.parametrize("place", ["equals", "oneOf", "contains", "startsWith"])
async def test_g29_text_that_there_cannot_be_is_a_typed_error(
    place: str, text: str, engine: Engine, owner: Viewer
) -> None:
    asked = await ask(engine, owner, TEXTS[place], {"v": text})
    assert (asked.data, asked.codes, asked.statements) == (None, ["BAD_USER_INPUT"], [])


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e200000", "1e-200000", math.nan, math.inf])
async def test_g29_a_number_without_end_is_a_typed_error(number: object, engine: Engine, owner: Viewer) -> None:
    """The driver wraps long exponents around: 1e200000 compared as if it were next to nothing."""
    asked = await ask(engine, owner, NUMBERS["Decimal"], {"v": number})
    assert (asked.data, asked.codes, asked.statements) == (None, ["BAD_USER_INPUT"], [])


@pytest.mark.parametrize(
    "literal",
    [
        'companies(first: 3, filter: {name: {equals: "\\u0000"}})',
        'companies(first: 3, filter: {name: {equals: "\\ud800"}})',
        'companies(first: 3, filter: {name: {equals: "\\u{110000}"}})',
        'companies(first: 3, filter: {creditLimit: {equals: "NaN"}})',
        "companies(first: 3, filter: {creditLimit: {equals: 1e400000}})",
        "companies(first: 3, filter: {foundedYear: {equals: 1e400}})",
        "companies(first: 3, filter: {foundedYear: {equals: 99999999999999999999}})",
        'companies(first: 3, filter: {listedOn: {equals: "infinity"}})',
        "companies(first: 99999999999999999999)",
        'companies(first: -0, after: "")',
        'companies(first: 3, filter: {status: {equals: "ACTIVE"}})',
        "companies(first: 3, orderBy: {field: NAME, direction: SIDEWAYS})",
        "companies(first: 3.0)",
    ],
)
async def test_g29_a_literal_is_treated_like_a_variable(literal: str, engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, f"{{ {literal} {{ totalCount }} }}")
    assert asked.data is None
    assert set(asked.codes) <= {"BAD_USER_INPUT", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_PARSE_FAILED"}
    assert asked.statements == []


async def test_g29_a_condition_that_is_null_is_a_typed_error(engine: Engine, owner: Viewer) -> None:
    asked = await ask(engine, owner, NUMBERS["condition"], {"v": None})
    assert (asked.data, asked.codes, asked.statements) == (None, ["BAD_USER_INPUT"], [])


async def test_g29_variables_nested_without_end_are_a_typed_error(engine: Engine, owner: Viewer) -> None:
    value: object = "x"
    for _ in range(20_000):
        value = [value]
    for document in (NUMBERS["list"], NUMBERS["object"], NUMBERS["Decimal"], TEXTS["equals"]):
        await assert_answered(engine, owner, document, value)


async def test_g29_an_input_of_a_mutation_with_impossible_values_changes_nothing(
    engine: Engine, northwind: TenantRows, owner: Viewer
) -> None:
    document = """mutation($input: CompanyUpdateInput!) {
        companyUpdate(input: $input) { company { version } userErrors { code field } }
    }"""
    row = northwind.tables[Company][0]
    wrong: list[tuple[str, object]] = [
        *(("name", text) for text in ("\x00", "\ud800", "", "x" * 10_000)),
        *(("financials", {"creditLimit": number}) for number in ("NaN", "Infinity", "1e200000", "1e-200000", math.nan)),
        *(("foundedYear", year) for year in (2**31, 32_768, 1e400)),
        *(("listedOn", day) for day in ("infinity", "10000-01-01")),
    ]
    for key, value in wrong:
        given = {"id": encode("Company", row), "version": row["version"], key: value}
        asked = await ask(engine, owner, document, {"input": given})
        assert "INTERNAL_SERVER_ERROR" not in asked.codes, (key, value)
        assert asked.data is None or asked.data["companyUpdate"]["userErrors"], (key, value)
