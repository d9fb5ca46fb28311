"""How large a document may be, counted before it is validated or planned.

Every count follows fragments, and each fragment is counted once and remembered, so a document of chained fragments
(whose expansion doubles with each link) costs as much time as its text is long. Strawberry's own limiters expand it.

A field that is selected many times over is merged, and before that each selection is compared with each other one: the
pairs are counted too, for their number is the square of what was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graphql import FieldNode, FragmentDefinitionNode, FragmentSpreadNode, InlineFragmentNode, OperationDefinitionNode

from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphql import DocumentNode, SelectionSetNode

    from settings import Settings


# Clients ask for the schema once. Each further time, and each alias in it, may cost the whole of it again.
_MAX_SCHEMAS: Final = 3


@dataclass(frozen=True, slots=True)
class Size:
    """What an operation amounts to once its fragments are written out.

    Attributes:
        depth: fields below each other.
        fields: fields in all.
        aliases: fields with an alias.
        directives: directives in all.
        schemas: times that the schema is asked for, and aliases in it.
    """

    depth: int = 0
    fields: int = 0
    aliases: int = 0
    directives: int = 0
    schemas: int = 0

    def beside(self, other: Size) -> Size:
        """Both, next to each other in one selection set."""
        return Size(
            max(self.depth, other.depth),
            self.fields + other.fields,
            self.aliases + other.aliases,
            self.directives + other.directives,
            self.schemas + other.schemas,
        )


class _Measure:
    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._fragments = fragments
        self._known: dict[str, Size] = {}
        self._open: set[str] = set()

    def selections(self, selection_set: SelectionSetNode | None) -> Size:
        size = Size()
        for selection in selection_set.selections if selection_set is not None else ():
            size = size.beside(Size(directives=len(selection.directives or ())))
            if isinstance(selection, FieldNode):
                inner = self.selections(selection.selection_set)
                size = size.beside(
                    Size(
                        inner.depth + 1,
                        inner.fields + 1,
                        inner.aliases + bool(selection.alias),
                        inner.directives,
                        1 + inner.aliases if selection.name.value == "__schema" else inner.schemas,
                    )
                )
            elif isinstance(selection, InlineFragmentNode):
                size = size.beside(self.selections(selection.selection_set))
            elif isinstance(selection, FragmentSpreadNode):
                size = size.beside(self._fragment(selection.name.value))
        return size

    def _fragment(self, name: str) -> Size:
        fragment = self._fragments.get(name)
        # A circle counts nothing here: validation names it, in words made for that.
        if fragment is None or name in self._open:
            return Size()
        if name not in self._known:
            self._open.add(name)
            self._known[name] = self.selections(fragment.selection_set)
            self._open.remove(name)
        return self._known[name]


class _Merging:
    """Goes over an operation as merging will.

    Attributes:
        pairs: of selections that have to be compared, because they give the same key at the same place.
    """

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode], settings: Settings) -> None:
        self._fragments = fragments
        # Held by everything that was found within them before; for a circle of fragments, which was counted as nothing
        # and is refused by validation, they are where this comes to an end.
        self._left = settings.limit_fields
        self._deepest = settings.limit_depth
        self.pairs = 0

    def merge(self, selection_sets: Iterable[SelectionSetNode], depth: int = 1) -> int:
        """Merge selection sets of one object; how many fields they come to."""
        places: dict[str, list[FieldNode]] = {}
        visited: set[str] = set()
        for each in selection_sets:
            self._collect(each, places, visited)
        for nodes in places.values():
            self.pairs += len(nodes) * (len(nodes) - 1) // 2
            below = [node.selection_set for node in nodes if node.selection_set is not None]
            if below and self._left > 0 and depth < self._deepest:
                self.merge(below, depth + 1)
        return len(places)

    def _collect(self, selection_set: SelectionSetNode, places: dict[str, list[FieldNode]], visited: set[str]) -> None:
        for selection in selection_set.selections:
            if isinstance(selection, FieldNode):
                key = selection.alias.value if selection.alias else selection.name.value
                places.setdefault(key, []).append(selection)
                self._left -= 1
            elif isinstance(selection, InlineFragmentNode):
                self._collect(selection.selection_set, places, visited)
            elif isinstance(selection, FragmentSpreadNode) and selection.name.value not in visited:
                visited.add(selection.name.value)
                if fragment := self._fragments.get(selection.name.value):
                    self._collect(fragment.selection_set, places, visited)


def exceeded(document: DocumentNode, settings: Settings) -> list[dict[str, object]]:
    """The errors of a document that is larger than the settings allow; none when it is not."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measure = _Measure(fragments)
    errors: list[dict[str, object]] = []
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            size = measure.selections(operation.selection_set)
            too_large = _over(
                (
                    ("depth", size.depth, settings.limit_depth),
                    ("fields", size.fields, settings.limit_fields),
                    ("aliases", size.aliases, settings.limit_aliases),
                    ("directives", size.directives + len(operation.directives or ()), settings.limit_directives),
                    ("introspection", size.schemas, _MAX_SCHEMAS),
                )
            )
            errors += too_large or _over_when_merged(operation, _Merging(fragments, settings), settings)
    return errors


def _over_when_merged(
    operation: OperationDefinitionNode, merging: _Merging, settings: Settings
) -> list[dict[str, object]]:
    root_fields = merging.merge([operation.selection_set])
    return _over(
        (
            ("root fields", root_fields, settings.limit_root_fields),
            ("pairs of the same field", merging.pairs, settings.limit_pairs),
        )
    )


def _over(counts: Iterable[tuple[str, int, int]]) -> list[dict[str, object]]:
    return [
        error(
            f"The operation has {name} of {count}; at most {limit} are allowed.",
            ErrorCode.OPERATION_LIMIT_EXCEEDED,
            limit=name,
            maximum=limit,
        )
        for name, count, limit in counts
        if count > limit
    ]
