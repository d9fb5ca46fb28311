"""What an operation selects: its fields as a tree, once fragments are merged and ``@skip``/``@include`` are settled."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLInterfaceType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSkipDirective,
    GraphQLUnionType,
    InlineFragmentNode,
    get_named_type,
)
from graphql.execution.values import VariableValues, get_directive_values

from schema.rules import FromRead

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from graphql import GraphQLField, OperationDefinitionNode, SelectionNode, SelectionSetNode

    from engine.documents import Document
    from schema.declarations import Declarations
    from schema.rules import FieldRule


@dataclass(slots=True, eq=False)
class SelectedField:
    """One field of the response, with everything that the document says about it.

    Attributes:
        index: its number within the operation, in the order of the document.
        key: its name in the response.
        path: the response keys down to it, without list indices.
        type_name: the object type that it belongs to.
        definition: the field in the schema.
        rule: its declaration; ``None`` for ``__typename`` and introspection, which are everybody's.
        nodes: where the document selects it.
        children: its own selection, for each object type that it may turn out to be.
        in_list: whether a list stands above it, so that one path in the response cannot name it.
        in_abstract: whether it hangs on an interface, so that it may turn out not to apply at all.
    """

    index: int
    key: str
    path: tuple[str, ...]
    type_name: str
    definition: GraphQLField
    rule: FieldRule | None
    nodes: tuple[FieldNode, ...]
    in_list: bool
    in_abstract: bool
    children: dict[str, Selection] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The field's name in the schema."""
        return self.nodes[0].name.value

    @property
    def coordinate(self) -> str:
        """The field's schema coordinate, such as ``Company.taxId``."""
        return f"{self.type_name}.{self.name}"

    @property
    def position(self) -> int:
        """Where the document first selects it; errors are given in this order."""
        location = self.nodes[0].loc
        return location.start if location is not None else 0

    @property
    def child(self) -> Selection:
        """The selection of a field whose type is one object type."""
        (selection,) = self.children.values()
        return selection

    @property
    def is_read(self) -> bool:
        """Whether other rows are read for it."""
        return self.rule is not None and isinstance(self.rule.origin, FromRead)


@dataclass(slots=True, eq=False)
class Selection:
    """The selected fields of one object type."""

    type_name: str
    fields: list[SelectedField] = field(default_factory=list)


@dataclass(frozen=True, slots=True, eq=False)
class OperationSelection:
    """An operation's whole tree, and its fields in one list, by index."""

    key: tuple[object, ...]
    root: Selection
    fields: Sequence[SelectedField]


def select(
    declarations: Declarations,
    document: Document,
    operation: OperationDefinitionNode,
    variables: VariableValues,
    key: tuple[object, ...],
) -> OperationSelection:
    """Build the tree of one operation; ``key`` is what it will be known by."""
    root_type = declarations.schema.get_root_type(operation.operation)
    if root_type is None:
        message = f"the schema has no {operation.operation.value} type"
        raise LookupError(message)
    builder = _Builder(declarations, document, variables)
    root = builder.selection(root_type, [operation.selection_set], None)
    return OperationSelection(key, root, tuple(builder.fields))


class _Builder:
    def __init__(self, declarations: Declarations, document: Document, variables: VariableValues) -> None:
        self._declarations = declarations
        self._schema = declarations.schema
        self._fragments = document.fragments
        self._variables = variables
        self.fields: list[SelectedField] = []

    def selection(
        self, type_: GraphQLObjectType, selection_sets: list[SelectionSetNode], parent: SelectedField | None
    ) -> Selection:
        grouped: dict[str, list[FieldNode]] = {}
        spread: set[str] = set()
        for selection_set in selection_sets:
            for node in self._collect(type_, selection_set, spread):
                grouped.setdefault(node.alias.value if node.alias else node.name.value, []).append(node)
        selection = Selection(type_.name)
        for key, nodes in grouped.items():
            selection.fields.append(self._field(type_, key, tuple(nodes), parent))
        return selection

    def _collect(
        self, type_: GraphQLObjectType, selection_set: SelectionSetNode, spread: set[str]
    ) -> Iterator[FieldNode]:
        """The fields selected for an object of ``type_``; ``spread`` holds the fragments whose fields were given."""
        for node in selection_set.selections:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node
            elif isinstance(node, InlineFragmentNode):
                if node.type_condition is None or self._applies(type_, node.type_condition.name.value):
                    yield from self._collect(type_, node.selection_set, spread)
            elif isinstance(node, FragmentSpreadNode) and node.name.value not in spread:
                spread.add(node.name.value)
                fragment = self._fragments[node.name.value]
                if self._applies(type_, fragment.type_condition.name.value):
                    yield from self._collect(type_, fragment.selection_set, spread)

    def _applies(self, type_: GraphQLObjectType, condition: str) -> bool:
        if condition == type_.name:
            return True
        abstract = self._schema.type_map.get(condition)
        return isinstance(abstract, GraphQLInterfaceType | GraphQLUnionType) and self._schema.is_sub_type(
            abstract, type_
        )

    def _included(self, node: SelectionNode) -> bool:
        if not node.directives:
            return True
        skip = get_directive_values(GraphQLSkipDirective, node, self._variables)
        include = get_directive_values(GraphQLIncludeDirective, node, self._variables)
        return not (skip and skip["if"]) and not (include and not include["if"])

    def _field(
        self, type_: GraphQLObjectType, key: str, nodes: tuple[FieldNode, ...], parent: SelectedField | None
    ) -> SelectedField:
        name = nodes[0].name.value
        definition = self._schema.get_field(type_, name)
        if definition is None:
            message = f"{type_.name}.{name} passed validation and does not exist"
            raise LookupError(message)
        rule = None if name.startswith("__") else self._declarations.field(type_.name, name)
        above = () if parent is None else parent.path
        selected = SelectedField(
            index=len(self.fields),
            key=key,
            path=(*above, key),
            type_name=type_.name,
            definition=definition,
            rule=rule,
            nodes=nodes,
            in_list=parent is not None and (parent.in_list or _is_list(parent)),
            in_abstract=parent is not None and (parent.in_abstract or _is_abstract(parent)),
        )
        self.fields.append(selected)
        if rule is not None:
            self._add_children(selected)
        return selected

    def _add_children(self, selected: SelectedField) -> None:
        type_ = get_named_type(selected.definition.type)
        below = [node.selection_set for node in selected.nodes if node.selection_set is not None]
        if isinstance(type_, GraphQLObjectType):
            selected.children[type_.name] = self.selection(type_, below, selected)
        elif isinstance(type_, GraphQLInterfaceType | GraphQLUnionType):
            for possible in self._schema.get_possible_types(type_):
                selected.children[possible.name] = self.selection(possible, below, selected)


def _is_list(parent: SelectedField) -> bool:
    type_ = parent.definition.type
    return isinstance(type_.of_type if isinstance(type_, GraphQLNonNull) else type_, GraphQLList)


def _is_abstract(parent: SelectedField) -> bool:
    return isinstance(get_named_type(parent.definition.type), GraphQLInterfaceType | GraphQLUnionType)
