"""Variables and arguments that are read without graphql-core: they are what it makes of them, or it is asked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from unittest.mock import patch

import pytest
from graphql import OperationDefinitionNode, parse
from graphql.execution.values import VariableValues, get_variable_values

from engine import variables
from engine.refusal import InvalidInputError
from engine.variables import Variables

if TYPE_CHECKING:
    from collections.abc import Mapping

    from schema.declarations import Declarations

PLAIN: Final = "query ($id: ID!, $after: String, $first: Int, $deep: Boolean) { viewer { id } }"
CHANGE: Final = "mutation ($input: CompanyUpdateInput!) { companyUpdate(input: $input) { __typename } }"
MAYBE: Final = "mutation ($input: CompanyUpdateInput) { companyUpdate(input: $input) { __typename } }"

USUAL: Final[list[tuple[str, Mapping[str, Any]]]] = [
    (PLAIN, {"id": "a"}),
    (PLAIN, {"id": "a", "after": "b", "first": 3, "deep": False}),
    (PLAIN, {"id": "a", "after": None, "first": None, "deep": None}),
    (PLAIN, {"id": "a", "unknown": 1}),
    (CHANGE, {"input": {"id": "a", "version": 1, "sector": None}}),
    (MAYBE, {}),
    (MAYBE, {"input": None}),
]
OTHERS: Final[list[tuple[str, Mapping[str, Any]]]] = [
    (PLAIN, {}),
    (PLAIN, {"id": None}),
    (PLAIN, {"id": 7}),
    (PLAIN, {"id": "a", "first": 1.0}),
    (PLAIN, {"id": "a", "first": True}),
    (PLAIN, {"id": "a", "first": 2**31}),
    (PLAIN, {"id": "a", "deep": 0}),
    (PLAIN, {"id": "a", "after": ["b"]}),
    (CHANGE, {"input": None}),
    (CHANGE, {"input": {"id": "a"}}),
    (CHANGE, {"input": {"id": "a", "version": None}}),
    (CHANGE, {"input": {"id": "a", "version": 1, "unknown": 1}}),
    (CHANGE, {"input": {"id": "a", "version": 1, "status": "ACTIVE"}}),
    (MAYBE, {"input": []}),
]


def operation(document: str) -> OperationDefinitionNode:
    (definition,) = parse(document).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return definition


@pytest.mark.parametrize(("document", "given"), [*USUAL, *OTHERS])
def test_variables_are_what_graphql_makes_of_them(
    document: str, given: Mapping[str, Any], declarations: Declarations
) -> None:
    definition = operation(document)
    expected = get_variable_values(declarations.schema, definition.variable_definitions or (), dict(given))
    read = Variables(declarations.schema, definition)
    if isinstance(expected, VariableValues):
        assert read.read(given, lambda: declarations.schema) == expected.coerced
    else:
        with pytest.raises(InvalidInputError):
            read.read(given, lambda: declarations.schema)


@pytest.mark.parametrize(("document", "given"), USUAL)
def test_what_is_usual_is_read_without_asking(
    document: str, given: Mapping[str, Any], declarations: Declarations
) -> None:
    read = Variables(declarations.schema, operation(document))
    with patch.object(variables, "get_variable_values", side_effect=AssertionError("it was asked")):
        read.read(given, lambda: declarations.schema)
