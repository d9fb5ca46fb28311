"""The arguments of one request: their values, checked, and the shape that a plan depends on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from graphql import GraphQLError
from graphql.execution.values import get_argument_values

from engine.cursors import InvalidCursorError, purpose
from engine.global_ids import decode
from errors import ErrorCode, error
from resolvers.reads import Nodes, One, Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from graphql.execution.values import VariableValues

    from auth.viewer import Viewer
    from engine.cursors import Cursors, Position
    from engine.global_ids import GlobalId
    from engine.reading import Reading
    from engine.selection import OperationSelection, SelectedField

KEY_ORDER: Final = "id"


class InvalidInputError(Exception):
    """Arguments that cannot be taken; the operation is refused before anything of it runs."""

    def __init__(self, *errors: dict[str, object]) -> None:
        super().__init__(len(errors))
        self.errors = errors


@dataclass(frozen=True, slots=True)
class PageInput:
    """How a page was asked for.

    Attributes:
        first: how many rows.
        order: the column to sort by; the key breaks ties.
        descending: the direction of both.
        after: the row that the page before ended with.
        comparisons: (filter field, operator) to value, for each part of the filter that is present.
        purpose: what the page's cursors are bound to.
    """

    first: int
    order: str
    descending: bool
    after: Position | None
    comparisons: Mapping[tuple[str, str], object]
    purpose: list[bytes]

    @property
    def shape(self) -> tuple[object, ...]:
        """What of this the SQL text depends on; the values themselves are parameters."""
        after = None if self.after is None else self.after.value is None
        return (self.order, self.descending, after, tuple(self.comparisons))


@dataclass(frozen=True, slots=True)
class NodesInput:
    """The ids that ``node`` or ``nodes`` was asked for; ``None`` for each that is none of ours."""

    ids: tuple[GlobalId | None, ...]

    @property
    def shape(self) -> tuple[object, ...]:
        """The types among the ids."""
        return tuple(sorted({each.type_name for each in self.ids if each is not None}))


Input = PageInput | NodesInput | None


@dataclass(frozen=True, slots=True)
class Inputs:
    """Every argument of one request, by the index of the selected field."""

    arguments: tuple[Mapping[str, object], ...]
    reads: tuple[Input, ...]

    def shape(self) -> tuple[object, ...]:
        """What of the arguments the plans depend on."""
        return tuple(None if each is None else each.shape for each in self.reads)


class InputReader:
    """Reads the arguments of requests, within the limits of the settings."""

    def __init__(self, cursors: Cursors, page_limit: int, node_limit: int) -> None:
        self._cursors = cursors
        self._page_limit = page_limit
        self._node_limit = node_limit

    def read(
        self,
        selection: OperationSelection,
        readings: tuple[Reading | None, ...],
        variables: VariableValues,
        viewer: Viewer,
    ) -> Inputs:
        """Evaluate the arguments of every selected field.

        Raises:
            InvalidInputError: a page, cursor or list of ids that cannot be taken, or too many nodes in all.
        """
        arguments = tuple(_arguments(field, variables) for field in selection.fields)
        reads = tuple(
            self._read(field, reading, arguments[field.index], viewer)
            for field, reading in zip(selection.fields, readings, strict=True)
        )
        self._check_node_count(selection, reads)
        return Inputs(arguments, reads)

    def _read(
        self, field: SelectedField, reading: Reading | None, arguments: Mapping[str, object], viewer: Viewer
    ) -> Input:
        if reading is None or isinstance(reading.read, One):
            return None
        if isinstance(reading.read, Nodes):
            return self._nodes(field, reading.read, arguments)
        return self._page(field, reading.read, arguments, viewer)

    def _nodes(self, field: SelectedField, read: Nodes, arguments: Mapping[str, object]) -> NodesInput:
        given = arguments[read.argument]
        ids = given if isinstance(given, list) else [given]
        if len(ids) > self._page_limit:
            raise InvalidInputError(
                _refusal(field, f"takes at most {self._page_limit} ids", ErrorCode.OPERATION_LIMIT_EXCEEDED)
            )
        return NodesInput(tuple(map(decode, ids)))

    def _page(self, field: SelectedField, _read: Page, arguments: Mapping[str, object], viewer: Viewer) -> PageInput:
        first = arguments["first"]
        if not isinstance(first, int) or first < 1:
            raise InvalidInputError(_refusal(field, "needs a `first` of at least 1", ErrorCode.BAD_USER_INPUT))
        if first > self._page_limit:
            raise InvalidInputError(
                _refusal(field, f"gives at most {self._page_limit} at a time", ErrorCode.OPERATION_LIMIT_EXCEEDED)
            )
        order, descending = _order(arguments.get("orderBy"))
        bound_to = purpose(viewer, field.coordinate, f"{order} {'desc' if descending else 'asc'}")
        return PageInput(
            first=first,
            order=order,
            descending=descending,
            after=self._position(field, arguments.get("after"), bound_to),
            comparisons=_comparisons(arguments.get("filter")),
            purpose=bound_to,
        )

    def _position(self, field: SelectedField, cursor: object, bound_to: list[bytes]) -> Position | None:
        if not isinstance(cursor, str):
            return None
        try:
            return self._cursors.decode(bound_to, cursor)
        except InvalidCursorError:
            message = "was given a cursor that is not one of its own, for this order"
            raise InvalidInputError(_refusal(field, message, ErrorCode.BAD_USER_INPUT)) from None

    def _check_node_count(self, selection: OperationSelection, reads: tuple[Input, ...]) -> None:
        """Refuse an operation that could return more nodes than the limit, whatever the data."""
        total = 0
        pending = [(field, 1) for field in selection.root.fields]
        while pending:
            field, times = pending.pop()
            asked = reads[field.index]
            if isinstance(asked, PageInput):
                times *= asked.first
                total += times
            elif isinstance(asked, NodesInput):
                times *= len(asked.ids)
                total += times
            if total > self._node_limit:
                message = f"could return over {self._node_limit} nodes; ask for smaller pages"
                raise InvalidInputError(_refusal(field, message, ErrorCode.OPERATION_LIMIT_EXCEEDED))
            pending.extend((child, times) for each in field.children.values() for child in each.fields)


def _arguments(field: SelectedField, variables: VariableValues) -> Mapping[str, object]:
    if not field.definition.args:
        return {}
    if field.constant_arguments is not None:
        return field.constant_arguments
    try:
        return get_argument_values(field.definition, field.nodes[0], variables, hide_suggestions=True)
    except GraphQLError as problem:
        raise InvalidInputError(_refusal(field, problem.message, ErrorCode.BAD_USER_INPUT)) from None


def _order(given: object) -> tuple[str, bool]:
    if not isinstance(given, dict):
        return KEY_ORDER, False
    return str(given["field"]), str(given["direction"]) == "DESC"


def _comparisons(given: object) -> dict[tuple[str, str], object]:
    """The parts of a filter that ask something, in the order of their names, so that one shape has one spelling."""
    if not isinstance(given, dict):
        return {}
    return {
        (name, operator): value
        for name, parts in sorted(given.items())
        if isinstance(parts, dict)
        for operator, value in sorted(parts.items())
        if value is not None
    }


def _refusal(field: SelectedField, message: str, code: ErrorCode) -> dict[str, object]:
    return error(f"{field.coordinate} {message}.", code, field=field.coordinate)
