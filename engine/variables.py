"""The values of an operation's variables and of its fields' arguments, coerced as GraphQL says.

graphql-core does it, and is the judge of everything that is wrong. For the plain case (variables of built-in types that
are what they should be, arguments that are constants or variables as they stand) what it would do was settled when the
operation was first seen, and a request only looks the values up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graphql import (
    GRAPHQL_MAX_INT,
    GRAPHQL_MIN_INT,
    GraphQLError,
    GraphQLInputObjectType,
    GraphQLNonNull,
    NamedTypeNode,
    NonNullTypeNode,
    Undefined,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_required_input_field,
    visit,
)
from graphql.execution.values import VariableValues, coerce_argument, get_argument_values, get_variable_values

from engine.documents import located, weight_of
from engine.refusal import InvalidInputError, refusal
from errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from graphql import (
        GraphQLInputField,
        GraphQLNamedType,
        GraphQLSchema,
        Node,
        OperationDefinitionNode,
        VariableDefinitionNode,
    )

    from engine.selection import SelectedField

_MAX_ERRORS: Final = 10


def _is_int(value: object) -> bool:
    return type(value) is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT


def _is_text(value: object) -> bool:
    return type(value) is str


def _is_bool(value: object) -> bool:
    return type(value) is bool


# Values that coercion leaves as they are. Anything else, right or wrong, is for graphql-core.
_PLAIN: Final[Mapping[str, Callable[[object], bool]]] = {
    "Int": _is_int,
    "String": _is_text,
    "ID": _is_text,
    "Boolean": _is_bool,
}


class Variables:
    """Reads the variables of one operation."""

    def __init__(self, schema: GraphQLSchema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = operation.variable_definitions or ()
        self._plain = [plain for each in self._definitions if (plain := _plain(schema, each)) is not None]
        self._is_plain = len(self._plain) == len(self._definitions)
        self.weight = weight_of(operation)

    def read(self, given: Mapping[str, object], visible: Callable[[], GraphQLSchema]) -> Mapping[str, object]:
        """The coerced values, by name; a variable without a value and a default is left out.

        Args:
            given: values as JSON.
            visible: gives the schema as the caller may see it, which errors speak of.

        Raises:
            InvalidInputError: some value is not of its variable's type.
        """
        quick = self._read_plain(given) if self._is_plain else None
        return self.coerced(given, visible).coerced if quick is None else quick

    def _read_plain(self, given: Mapping[str, object]) -> Mapping[str, object] | None:
        values = {}
        for name, is_plain, required in self._plain:
            if name in given:
                value = given[name]
                if not is_plain(value):
                    return None
                values[name] = value
            elif required:
                return None
        return values

    def coerced(self, given: Mapping[str, object], visible: Callable[[], GraphQLSchema]) -> VariableValues:
        """The coerced values in graphql-core's own form.

        Raises:
            InvalidInputError: some value is not of its variable's type.
        """
        values = self._coerced_by(self._schema, given)
        if isinstance(values, list):
            # In the words of the caller's own schema a hidden key is as unknown as one that does not exist.
            seen = self._coerced_by(visible(), given)
            problems = seen if isinstance(seen, list) else values
            raise InvalidInputError(*(located(problem, ErrorCode.BAD_USER_INPUT) for problem in problems))
        return values

    def _coerced_by(self, schema: GraphQLSchema, given: Mapping[str, object]) -> VariableValues | list[GraphQLError]:
        return get_variable_values(
            schema, self._definitions, dict(given), max_errors=_MAX_ERRORS, hide_suggestions=True
        )


def _plain(
    schema: GraphQLSchema, definition: VariableDefinitionNode
) -> tuple[str, Callable[[object], bool], bool] | None:
    """(name, test, required) of a variable without a default, of a built-in type or an input object."""
    required = isinstance(definition.type, NonNullTypeNode)
    named = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
    if definition.default_value is not None or not isinstance(named, NamedTypeNode):
        return None
    test = _PLAIN.get(named.name.value) or _is_plain_object(schema.type_map.get(named.name.value))
    if test is None:
        return None
    return definition.variable.name.value, test if required else _or_null(test), required


def _is_plain_object(type_: GraphQLNamedType | None) -> Callable[[object], bool] | None:
    """Whether coercion would leave an input object as it is, as far as it holds values of built-in types only."""
    if not isinstance(type_, GraphQLInputObjectType) or type_.is_one_of:
        return None
    required = [name for name, field in type_.fields.items() if is_required_input_field(field)]
    tests = {name: test for name, field in type_.fields.items() if (test := _plain_key(field)) is not None}
    if any(field.default is not None or field.default_value is not Undefined for field in type_.fields.values()):
        return None

    def is_plain(value: object) -> bool:
        return (
            type(value) is dict
            and all((test := tests.get(name)) is not None and test(each) for name, each in value.items())
            and all(name in value for name in required)
        )

    return is_plain


def _plain_key(field: GraphQLInputField) -> Callable[[object], bool] | None:
    required = isinstance(field.type, GraphQLNonNull)
    test = _PLAIN.get(getattr(get_nullable_type(field.type), "name", ""))
    return test if test is None or required else _or_null(test)


def _or_null(test: Callable[[object], bool]) -> Callable[[object], bool]:
    return lambda value: value is None or test(value)


@dataclass(frozen=True, slots=True)
class Arguments:
    """Reads the arguments of one selected field.

    Attributes:
        field: whose.
        settled: those that no variable has a part in.
        direct: (argument, variable, whether it may be left out) for those that are a variable as it stands.
        is_plain: whether that is all; if not, graphql-core reads them.
    """

    field: SelectedField
    settled: Mapping[str, object]
    direct: Sequence[tuple[str, str, bool]]
    is_plain: bool

    def read(self, values: Mapping[str, object], coerced: Callable[[], VariableValues]) -> Mapping[str, object]:
        """The arguments' values, by name.

        Args:
            values: of the variables.
            coerced: the same in graphql-core's form.

        Raises:
            InvalidInputError: a required argument has no value.
        """
        if not self.is_plain:
            return self._read_all(coerced())
        if not self.direct:
            return self.settled
        arguments = dict(self.settled)
        for argument, variable, may_be_left_out in self.direct:
            value = values.get(variable, Undefined)
            if value is not Undefined and (value is not None or may_be_left_out):
                arguments[argument] = value
            elif value is not Undefined or not may_be_left_out:
                return self._read_all(coerced())
        return arguments

    def _read_all(self, coerced: VariableValues) -> Mapping[str, object]:
        try:
            return get_argument_values(self.field.definition, self.field.nodes[0], coerced, hide_suggestions=True)
        except GraphQLError as problem:
            raise InvalidInputError(refusal(self.field, problem.message, ErrorCode.BAD_USER_INPUT)) from None


def arguments(field: SelectedField) -> Arguments:
    """How the arguments of a field are read."""
    node = field.nodes[0]
    given = {each.name.value: each for each in node.arguments or ()}
    settled: dict[str, object] = {}
    direct: list[tuple[str, str, bool]] = []
    is_plain = True
    for name, definition in field.definition.args.items():
        argument = given.get(name)
        if argument is not None and isinstance(argument.value, VariableNode):
            may_be_left_out = not isinstance(definition.type, GraphQLNonNull) and definition.default is None
            direct.append((name, argument.value.name.value, may_be_left_out))
        elif argument is not None and _has_variable(argument.value):
            is_plain = False
        else:
            coerce_argument(settled, node, name, definition, argument, None, None, hide_suggestions=True)
    return Arguments(field, settled, tuple(direct), is_plain)


def _has_variable(node: Node) -> bool:
    finder = _VariableFinder()
    visit(node, finder)
    return finder.found


class _VariableFinder(Visitor):
    found = False

    def enter_variable(self, _node: VariableNode, *_: object) -> None:
        self.found = True
