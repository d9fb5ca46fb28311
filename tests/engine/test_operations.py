"""Acceptance 5: every operation in ``tests/operations`` comes to the same JSON and errors on the plain executor.

Each is sent as every persona, and as two people of another tenant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from graphql import OperationDefinitionNode, parse, validate
from graphql.execution.values import VariableValues, get_variable_values

from engine.decision import FieldState
from engine.request import Request
from engine.result import Result
from schema.rules import FromRead
from tests.oracle.operations import NAMES, Operations
from tests.oracle.personas import personas
from tests.oracle.recording import recorded_sql
from tests.oracle.selected import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator

    from engine.cursors import Cursors
    from schema.declarations import Declarations
    from tests.oracle.comparison import Comparison
    from tests.oracle.selected import Selected
    from tests.oracle.tenant_rows import TenantRows


@pytest.fixture(scope="module")
def operations(northwind: TenantRows, tailspin: TenantRows, cursors: Cursors) -> Operations:
    return Operations(northwind, tailspin, cursors)


def walk_of(declarations: Declarations, request: Request) -> Walk:
    document = parse(request.document)
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    values = get_variable_values(declarations.schema, operation.variable_definitions or (), dict(request.variables))
    assert isinstance(values, VariableValues)
    return Walk(declarations.schema, document, operation, values)


def reads(declarations: Declarations, walk: Walk, parent: Selected | None = None) -> Iterator[tuple[Selected, bool]]:
    """The fields that read, and whether each stands below another one."""
    for selected in walk.root() if parent is None else walk.below(parent):
        if selected.name.startswith("__"):
            continue
        below = hasattr(selected.details[0].node.selection_set, "selections")
        is_read = isinstance(declarations.field(selected.type_name, selected.name).origin, FromRead)
        if is_read:
            yield selected, False
        if below:
            yield from ((each, is_read or inner) for each, inner in reads(declarations, walk, selected))


@pytest.mark.parametrize("name", NAMES)
async def test_an_operation_comes_to_the_same_both_ways_for_everybody(
    name: str, comparison: Comparison, operations: Operations, northwind: TenantRows, tailspin: TenantRows
) -> None:
    for viewer in personas(northwind).values():
        await comparison.agreed(operations.request(name, viewer, northwind), viewer)
    stranger = replace(comparison, rows=tailspin)
    for persona in ("owner", "mixed"):
        viewer = personas(tailspin)[persona]
        await stranger.agreed(operations.request(name, viewer, tailspin), viewer)


async def test_each_is_told_how_many_rows_lack_a_field_in_its_own_answer(
    comparison: Comparison, northwind: TenantRows
) -> None:
    """Requests of one operation share what was put together for the last of them, if it was about as many rows."""
    document = "query Many($first: Int!) { companies(first: $first) { nodes { name taxId } } }"
    viewer = personas(northwind)["mixed"]
    told: list[list[object]] = []
    for first in (4, 7, 7, 5, 7, 4):  # the plan is the same for all of these
        request = Request(document=document, request_id="counted", variables={"first": first})
        answer = await comparison.agreed(request, viewer)
        told.append([orjson.loads(orjson.dumps(each))["extensions"]["rows"] for each in answer.errors])
    assert told[1] == told[2] == told[4] != told[3]
    assert told[0] == told[5]


@pytest.mark.parametrize("name", NAMES)
async def test_the_statements_of_an_operation_are_those_of_its_shape(
    name: str, comparison: Comparison, operations: Operations, northwind: TenantRows, tailspin: TenantRows
) -> None:
    """One for each field that reads from the root, whatever is nested in it and however many rows there are."""
    counts = []
    for rows in (northwind, tailspin):
        viewer = personas(rows)["owner"]
        request = operations.request(name, viewer, rows)
        with recorded_sql() as statements:
            await comparison.engine.execute(request, viewer)
        counts.append(len(statements))
        found = [*reads(comparison.declarations, walk_of(comparison.declarations, request))]
        assert len(statements) == sum(not is_nested for _, is_nested in found)
        assert len(statements) <= len(found)
    assert counts[0] == counts[1]


def test_the_operations_are_valid_and_say_their_names(
    declarations: Declarations, operations: Operations, northwind: TenantRows
) -> None:
    for name in NAMES:
        document = parse(operations.request(name, personas(northwind)["owner"], northwind).document)
        assert validate(declarations.schema, document) == [], name
        named = [
            each.name.value for each in document.definitions if isinstance(each, OperationDefinitionNode) and each.name
        ]
        assert named == [name]


def test_the_operations_select_every_root_field_and_every_relation(
    declarations: Declarations, operations: Operations, northwind: TenantRows
) -> None:
    selected = {
        each.coordinate
        for name in NAMES
        for each, _ in reads(
            declarations,
            walk_of(declarations, operations.request(name, personas(northwind)["owner"], northwind)),
        )
    }
    every = {
        f"{type_name}.{field_name}"
        for type_name, type_ in declarations.schema.type_map.items()
        for field_name in getattr(type_, "fields", {})
        if not type_name.startswith("__")
        and "Payload" not in type_name
        and isinstance(declarations.field(type_name, field_name).origin, FromRead)
    }
    assert len(NAMES) >= 60
    assert selected == every


@pytest.mark.parametrize("name", NAMES)
async def test_what_is_explained_is_what_happens(
    name: str, comparison: Comparison, operations: Operations, northwind: TenantRows
) -> None:
    """``fieldgate permissions explain`` looks at the decision; nobody should be told another one."""

    def place(error: Any) -> tuple[str, str]:  # noqa: ANN401 - an error as it leaves
        return (error["extensions"]["field"], error["extensions"]["selection"])

    for viewer in personas(northwind).values():
        request = operations.request(name, viewer, northwind)
        explained = comparison.engine.explain(request, viewer)
        result = await comparison.engine.execute(request, viewer)
        if isinstance(explained, Result):
            assert explained == result
            continue
        denied = set(map(place, result.errors))
        states = {(each.field, each.selection): each.state for each in explained.fields}
        assert denied <= {each for each, state in states.items() if state is not FieldState.ALLOWED}
        # Below an interface it takes an object of the type; everywhere else what is denied is said to be.
        roots = {"node", "nodes"} & {each.field.removeprefix("Query.") for each in explained.fields}
        if not roots:
            assert {each for each, state in states.items() if state is FieldState.DENIED} <= denied
