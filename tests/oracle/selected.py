"""The selected fields of an operation, found by graphql-core's own collecting of fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql import (
    FragmentDefinitionNode,
    GraphQLList,
    GraphQLObjectType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
)
from graphql.execution.collect_fields import FragmentDetails, collect_fields, collect_subfields

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql import DocumentNode, FieldNode, GraphQLField, GraphQLSchema, OperationDefinitionNode
    from graphql.execution.collect_fields import FieldDetailsList, GroupedFieldSet
    from graphql.execution.values import VariableValues


@dataclass(frozen=True)
class Selected:
    """One field of the response.

    Attributes:
        type_name: the object type that it belongs to.
        path: response keys.
        definition: in the schema.
        details: where the document selects it.
        in_list: whether a list stands above it.
        in_abstract: whether an interface stands above it.
    """

    type_name: str
    path: tuple[str, ...]
    definition: GraphQLField
    details: FieldDetailsList
    in_list: bool
    in_abstract: bool

    @property
    def nodes(self) -> list[FieldNode]:
        return [each.node for each in self.details]

    @property
    def name(self) -> str:
        return self.details[0].node.name.value

    @property
    def coordinate(self) -> str:
        return f"{self.type_name}.{self.name}"


class Walk:
    """Walks an operation as execution would if every field had an object of every possible type."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, operation: OperationDefinitionNode, values: VariableValues
    ) -> None:
        self._schema = schema
        self._operation = operation
        self._values = values
        self._fragments = {
            node.name.value: FragmentDetails(node)
            for node in document.definitions
            if isinstance(node, FragmentDefinitionNode)
        }

    def root(self) -> Iterator[Selected]:
        """The root fields."""
        root = self._schema.get_root_type(self._operation.operation)
        assert root is not None
        collected = collect_fields(self._schema, self._fragments, self._values, root, self._operation)
        yield from self._fields(root, collected.grouped_field_set, None)

    def below(self, parent: Selected) -> Iterator[Selected]:
        """The fields right below one, for each type that its value may have."""
        type_ = get_named_type(parent.definition.type)
        for each in self._schema.get_possible_types(type_) if is_abstract_type(type_) else [type_]:
            if isinstance(each, GraphQLObjectType) and not each.name.startswith("__"):
                collected = collect_subfields(
                    self._schema, self._fragments, self._values, self._operation, each, parent.details
                )
                yield from self._fields(each, collected.grouped_field_set, parent)

    def _fields(
        self, type_: GraphQLObjectType, grouped: GroupedFieldSet, parent: Selected | None
    ) -> Iterator[Selected]:
        for key, details in grouped.items():
            definition = self._schema.get_field(type_, details[0].node.name.value)
            assert definition is not None
            yield Selected(
                type_name=type_.name,
                path=(*(() if parent is None else parent.path), key),
                definition=definition,
                details=details,
                in_list=parent is not None and (parent.in_list or _is_list(parent)),
                in_abstract=parent is not None
                and (parent.in_abstract or is_abstract_type(get_named_type(parent.definition.type))),
            )


def _is_list(parent: Selected) -> bool:
    return isinstance(get_nullable_type(parent.definition.type), GraphQLList)
