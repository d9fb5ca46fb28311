"""What may not be read is not told by other means: a filter, an order, a count, the end of a page, an error.

Two tenants differ in nothing but what their callers may not read. Both callers get the same bytes, whatever they ask.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from graphql import GraphQLInputObjectType, get_named_type

from auth.grants import Grants
from auth.permissions import Permission
from engine.engine import Engine
from engine.request import Request
from models.tenant import Company, OnboardingCase
from tests.oracle.asking import ask
from tests.oracle.personas import viewer_of
from tests.oracle.random_arguments import RandomArguments
from tests.oracle.random_documents import RandomDocuments
from tests.oracle.reading import encode
from tests.oracle.twins import Twins, make_twins

if TYPE_CHECKING:
    from collections.abc import Iterator

    import strawberry

    from engine.cursors import Cursors
    from schema.declarations import Declarations
    from settings import Settings
    from tenancy.database import Database
    from tests.oracle.tenant_rows import TenantRows

FILTERS: Final = {"companies": ("CompanyFilter", Company), "onboardingCases": ("OnboardingCaseFilter", OnboardingCase)}
ORDERS: Final = {
    "companies": ("NAME", "STATUS", "FOUNDED_YEAR", "LISTED_ON", "CREATED_AT", "CREDIT_LIMIT"),
    "onboardingCases": ("CREATED_AT", "DUE_ON", "STATE"),
}


@pytest.fixture(scope="module")
async def twins(database: Database) -> Twins:
    return await make_twins(database)


async def assert_same(engine: Engine, twins: Twins, request: Request) -> None:
    first, second = [await engine.execute(request, caller) for caller in twins.callers]
    assert (first.data, first.errors) == (second.data, second.errors), f"{request.document}\n{request.variables}"


async def test_documents_at_random_tell_nothing(
    engine: Engine, declarations: Declarations, twins: Twins, tailspin: TenantRows, cursors: Cursors
) -> None:
    random = Random(11)  # noqa: S311 - the same documents every time
    # Their values and ids are those of the first tenant, hidden ones too: an attacker may guess anything.
    arguments = RandomArguments(random, declarations, twins.rows, tailspin, cursors)
    documents = RandomDocuments(random, declarations, arguments, twins.callers[0])
    for _ in range(200):
        await assert_same(engine, twins, documents.request())


def comparisons(declarations: Declarations, rows: TenantRows, field: str) -> Iterator[dict[str, Any]]:
    """Every key of a filter with every operator, over values that there are, hidden or not."""
    filter_name, model = FILTERS[field]
    filter_type = declarations.schema.type_map[filter_name]
    assert isinstance(filter_type, GraphQLInputObjectType)
    for key, definition in filter_type.fields.items():
        column = declarations.field(filter_name, key).column
        assert column is not None
        target = declarations.column(model, column).target
        values = {row[f"{column}::text"] for row in rows.tables[model] if row[column] is not None}
        if target is not None:
            values = {encode(declarations.type_name(target), row) for row in rows.tables[target]}
        operators = get_named_type(definition.type)
        assert isinstance(operators, GraphQLInputObjectType)
        for operator in operators.fields:
            if operator == "isNull":
                yield from ({key: {operator: truth}} for truth in (True, False))
            else:
                for value in sorted(values)[:12]:
                    given = int(value) if "Int" in operators.name else value
                    yield {key: {operator: [given] if operator == "oneOf" else given}}


@pytest.mark.parametrize("field", FILTERS)
async def test_no_filter_tells_what_its_caller_may_not_read(
    field: str, engine: Engine, declarations: Declarations, twins: Twins
) -> None:
    document = f"query($f: {FILTERS[field][0]}) {{ {field}(first: 100, filter: $f) {{ totalCount nodes {{ id }} }} }}"
    tried = 0
    for given in comparisons(declarations, twins.rows, field):
        await assert_same(engine, twins, Request(document, "filter", variables={"f": given}))
        tried += 1
    assert tried > 50


@pytest.mark.parametrize(("field", "order"), [(field, order) for field, orders in ORDERS.items() for order in orders])
async def test_no_order_tells_what_its_caller_may_not_read(
    field: str, order: str, engine: Engine, twins: Twins
) -> None:
    for direction in ("ASC", "DESC"):
        document = f"""{{ {field}(first: 100, orderBy: {{field: {order}, direction: {direction}}}) {{
            edges {{ cursor node {{ id }} }}
        }} }}"""
        await assert_same(engine, twins, Request(document, "order"))


async def test_the_twins_are_told_apart_when_the_refusal_is_missing(
    schema: strawberry.Schema, settings: Settings, declarations: Declarations, twins: Twins
) -> None:
    """The control: without the rule about filters and orders, the tests above see the difference."""
    unplanned = Engine(schema, settings)
    with patch("engine.decision._refuse_side_channels"), pytest.raises(AssertionError):
        await test_no_filter_tells_what_its_caller_may_not_read("companies", unplanned, declarations, twins)
    with patch("engine.decision._refuse_side_channels"), pytest.raises(AssertionError):
        await test_no_order_tells_what_its_caller_may_not_read("companies", "CREDIT_LIMIT", unplanned, twins)


async def test_the_twins_are_told_apart_when_references_are_compared_as_they_are(
    schema: strawberry.Schema, settings: Settings, declarations: Declarations, twins: Twins
) -> None:
    """The same for references to rows out of reach."""
    unplanned = Engine(schema, settings)

    def as_it_is(page: Any, column: Any) -> str:  # noqa: ANN401 - a page and a column
        return f'{page.row.alias}."{column.name}"'

    with patch("engine.page.PlannedPage._comparable", as_it_is), pytest.raises(AssertionError):
        await test_no_filter_tells_what_its_caller_may_not_read("onboardingCases", unplanned, declarations, twins)


async def test_what_may_not_be_compared_is_refused_by_name_and_not_by_what_is_there(
    engine: Engine, twins: Twins
) -> None:
    document = """{ companies(
        first: 1
        filter: {taxId: {equals: "x"}, creditLimit: {atLeast: 1}, name: {contains: "a"}}
        orderBy: {field: CREDIT_LIMIT, direction: ASC}
    ) { totalCount } }"""
    asked = await ask(engine, twins.callers[0], document)
    assert (asked.data, asked.statements) == (None, [])
    assert [each["extensions"]["field"] for each in asked.errors] == [
        "CompanyFilter.creditLimit",
        "CompanyFilter.taxId",
        "CompanyOrder.field: CREDIT_LIMIT",
    ]


async def test_a_filter_may_be_used_where_its_permission_covers_every_row_there_is(
    engine: Engine, northwind: TenantRows
) -> None:
    """Money in the whole north covers companies on its coast, and not the other way round."""
    north, coast = northwind.units_below("North"), northwind.units_below("North coast")
    document = "{ companies(first: 1, filter: {creditLimit: {isNull: true}}) { totalCount } }"
    for companies, money, allowed in ((coast, north, True), (north, coast, False), (coast, coast, True)):
        grants = Grants(frozenset(), {Permission.COMPANY_READ: companies, Permission.COMPANY_READ_FINANCIALS: money})
        asked = await ask(engine, viewer_of(northwind, grants), document)
        assert (asked.data is not None) is allowed
