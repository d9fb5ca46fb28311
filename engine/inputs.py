"""The arguments of one request: their values, checked, and the shape that a plan depends on."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from engine.cursors import InvalidCursorError, purpose
from engine.refusal import InvalidInputError, refusal
from errors import ErrorCode
from resolvers.global_ids import decode
from resolvers.reads import Nodes, Page

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from auth.viewer import Viewer
    from engine.cursors import Cursors, Position
    from engine.selection import SelectedField
    from resolvers.global_ids import GlobalId

KEY_ORDER: Final = "id"

# Far beyond any column, and far within what PostgreSQL and its driver can write: the driver gets longer ones wrong.
_MAX_DIGITS: Final = 1_000


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
    def most(self) -> int:
        """A power of two that is no less than the rows to look for, the one behind the page included."""
        return 1 << self.first.bit_length()

    @property
    def shape(self) -> tuple[object, ...]:
        """What of this the SQL text depends on; the values themselves are parameters."""
        after = None if self.after is None else self.after.value is None
        return (self.order, self.descending, after, tuple(self.comparisons), self.most)


@dataclass(frozen=True, slots=True)
class NodesInput:
    """The ids that ``node`` or ``nodes`` was asked for; ``None`` for each that is none of ours."""

    ids: tuple[GlobalId | None, ...]

    @property
    def shape(self) -> tuple[object, ...]:
        """The types among the ids."""
        return tuple(sorted({each.type_name for each in self.ids if each is not None}))


Input = PageInput | NodesInput


@dataclass(slots=True)
class Inputs:
    """What one request asks for, by the index of the selected field.

    Attributes:
        arguments: of every field that takes some.
        reads: of every field that reads a page or nodes.
        shape: what of all this the plans depend on.
    """

    arguments: Mapping[int, Mapping[str, object]]
    reads: Mapping[int, Input]
    shape: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """A field that reads a page or nodes, and the index of the nearest one above it that does, if any."""

    field: SelectedField
    read: Page | Nodes
    above: int | None


class InputReader:
    """Reads the arguments of requests, within the limits of the settings."""

    def __init__(self, cursors: Cursors, row_types: Collection[str], page_limit: int, node_limit: int) -> None:
        self._cursors = cursors
        self._row_types = row_types
        self._page_limit = page_limit
        self._node_limit = node_limit

    def read(self, asked: Sequence[Asked], arguments: Mapping[int, Mapping[str, object]], viewer: Viewer) -> Inputs:
        """Check what a request asks for.

        Args:
            asked: the fields that read pages or nodes, each after the one above it.
            arguments: of every field that takes some.
            viewer: whose cursors are taken.

        Raises:
            InvalidInputError: a page, cursor or list of ids that cannot be taken, or too many nodes in all.
        """
        reads: dict[int, Input] = {}
        times: dict[int | None, int] = {None: 1}
        total = 0
        for each in asked:
            index = each.field.index
            if isinstance(each.read, Nodes):
                nodes = self._nodes(each.field, each.read, arguments[index])
                reads[index], count = nodes, len(nodes.ids)
            else:
                page = self._page(each.field, arguments[index], viewer)
                reads[index], count = page, page.first
            times[index] = times[each.above] * count
            total += times[index]
            if total > self._node_limit:
                message = f"could return over {self._node_limit} nodes; ask for smaller pages"
                raise InvalidInputError(refusal(each.field, message, ErrorCode.OPERATION_LIMIT_EXCEEDED))
        return Inputs(arguments, reads, tuple(each.shape for each in reads.values()))

    def _nodes(self, field: SelectedField, read: Nodes, arguments: Mapping[str, object]) -> NodesInput:
        given = arguments[read.argument]
        ids = given if isinstance(given, list) else [given]
        if len(ids) > self._page_limit:
            raise InvalidInputError(
                refusal(field, f"takes at most {self._page_limit} ids", ErrorCode.OPERATION_LIMIT_EXCEEDED)
            )
        named = map(decode, ids)
        # Types that do not exist must not get into the shape: it is a key of caches, and theirs are without number.
        return NodesInput(
            tuple(each if each is not None and each.type_name in self._row_types else None for each in named)
        )

    def _page(self, field: SelectedField, arguments: Mapping[str, object], viewer: Viewer) -> PageInput:
        first = arguments["first"]
        if not isinstance(first, int) or first < 1:
            raise InvalidInputError(refusal(field, "needs a `first` of at least 1", ErrorCode.BAD_USER_INPUT))
        if first > self._page_limit:
            raise InvalidInputError(
                refusal(field, f"gives at most {self._page_limit} at a time", ErrorCode.OPERATION_LIMIT_EXCEEDED)
            )
        order, descending = _order(arguments.get("orderBy"))
        bound_to = purpose(viewer, field.coordinate, f"{order} {'desc' if descending else 'asc'}")
        return PageInput(
            first=first,
            order=order,
            descending=descending,
            after=self._position(field, arguments.get("after"), bound_to),
            comparisons=_comparisons(field, arguments.get("filter")),
            purpose=bound_to,
        )

    def _position(self, field: SelectedField, cursor: object, bound_to: list[bytes]) -> Position | None:
        if not isinstance(cursor, str):
            return None
        try:
            return self._cursors.decode(bound_to, cursor)
        except InvalidCursorError:
            message = "was given a cursor that is not one of its own, for this order"
            raise InvalidInputError(refusal(field, message, ErrorCode.BAD_USER_INPUT)) from None


def _order(given: object) -> tuple[str, bool]:
    if not isinstance(given, dict):
        return KEY_ORDER, False
    return str(given["field"]), str(given["direction"]) == "DESC"


def _comparisons(field: SelectedField, given: object) -> dict[tuple[str, str], object]:
    """The parts of a filter that ask something, in the order of their names, so that one shape has one spelling."""
    if not isinstance(given, dict):
        return {}
    comparisons = {
        (name, operator): value
        for name, parts in sorted(given.items())
        if isinstance(parts, dict)
        for operator, value in sorted(parts.items())
        if value is not None
    }
    for (name, operator), value in comparisons.items():
        if not _is_comparable(value):
            message = f"cannot compare {name} with what was given as {operator}"
            raise InvalidInputError(refusal(field, message, ErrorCode.BAD_USER_INPUT))
    return comparisons


def _is_comparable(value: object) -> bool:
    """Whether PostgreSQL has such a value: no text of its has a NUL or half a character, and no number is endless."""
    if isinstance(value, list):
        return all(map(_is_comparable, value))
    if isinstance(value, Decimal):
        digits = value.as_tuple()
        return isinstance(digits.exponent, int) and max(abs(digits.exponent), len(digits.digits)) <= _MAX_DIGITS
    if isinstance(value, str):
        return "\0" not in value and (value.isascii() or value.encode(errors="ignore").decode() == value)
    return True
