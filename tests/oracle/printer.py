"""Instructions carried out in plain Python, over rows that the driver has decoded: what a plan says about printing.

It is strict where the driver is not: a value of another type than the instruction is about is an error.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import orjson

from engine.instructions import Instruction

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.assembly import Assembling, PageValues
    from engine.instructions import InstructionTree

# What stands behind an instruction, in the order in which the instruction says it.
Operands = tuple[Any, ...]
Row = Any


@dataclass(frozen=True)
class _Page:
    """The page around an instruction; ``rows`` is without the one behind it."""

    rows: Sequence[Row]
    more: bool
    total: int
    values: PageValues


_NO_ROW: Final = ()


def printed(tree: InstructionTree, rows: Sequence[Row], state: Assembling) -> bytes:
    """The JSON of an answer; counts what is denied."""
    return _Printing(rows, state).value(tree, _NO_ROW, None)


def instructions(tree: InstructionTree) -> Iterator[tuple[Instruction, Operands]]:
    """Every instruction of a tree, with its operands; each before those inside of it."""
    instruction, *operands = tree
    assert isinstance(instruction, Instruction)
    yield instruction, tuple(operands)
    inner: Any = operands[0] if instruction is Instruction.SEQUENCE else operands
    for each in inner:
        if isinstance(each, tuple) and each and isinstance(each[0], Instruction):
            yield from instructions(each)


class _Printing:
    """A method for each instruction, of its operands, the row and the page around it."""

    def __init__(self, answer: Sequence[Row], state: Assembling) -> None:
        self._answer = answer
        self._state = state

    def value(self, tree: InstructionTree, row: Row, page: _Page | None) -> bytes:
        instruction, *operands = tree
        assert isinstance(instruction, Instruction)
        text: bytes = getattr(self, instruction.name.lower())(operands, row, page)
        return text

    def literal(self, operands: Operands, _row: Row, _page: _Page | None) -> bytes:
        (text,) = operands
        assert isinstance(text, bytes)
        return text

    def sequence(self, operands: Operands, row: Row, page: _Page | None) -> bytes:
        (parts,) = operands
        return b"".join(self.value(each, row, page) for each in parts)

    def text(self, operands: Operands, row: Row, _page: _Page | None) -> bytes:
        return _plain(operands, row, str)

    def integer(self, operands: Operands, row: Row, _page: _Page | None) -> bytes:
        return _plain(operands, row, int)

    def boolean(self, operands: Operands, row: Row, _page: _Page | None) -> bytes:
        return _plain(operands, row, bool)

    def time(self, operands: Operands, row: Row, _page: _Page | None) -> bytes:
        return _plain(operands, row, dt.datetime)

    def global_id(self, operands: Operands, row: Row, _page: _Page | None) -> bytes:
        prefix, column = operands
        key = row[column]
        assert isinstance(key, str)
        return b'"' + b64encode(prefix + key.encode()) + b'"'

    def denied(self, operands: Operands, _row: Row, _page: _Page | None) -> bytes:
        (index,) = operands
        self._state.denied[index] += 1
        return b"null"

    def in_reach(self, operands: Operands, row: Row, page: _Page | None) -> bytes:
        column, value, index = operands
        assert row[column] in {True, False, None}
        return self.value(value, row, page) if row[column] else self.denied((index,), row, page)

    def one(self, operands: Operands, row: Row, page: _Page | None) -> bytes:
        column, value, is_array = operands
        inner = row[column]
        if inner is None:
            return b"null"
        assert isinstance(inner, list) == bool(is_array)
        return self.value(value, inner, page)

    def page(self, operands: Operands, row: Row, _page: _Page | None) -> bytes:
        rows, total, index, denied, value = operands
        found = [] if rows == -1 else row[rows]
        assert isinstance(found, list)
        return self._of_rows(found, 0 if total == -1 else row[total], index, denied, value)

    def rows(self, operands: Operands, _row: Row, _page: _Page | None) -> bytes:
        index, denied, value = operands
        return self._of_rows(self._answer, 0, index, denied, value)

    def _of_rows(
        self, rows: Sequence[Row], total: int, index: int, denied: Sequence[int], value: InstructionTree
    ) -> bytes:
        values = self._state.pages[index]
        left = rows[: values.first]
        for each in denied:
            self._state.denied[each] += len(left)
        return self.value(value, _NO_ROW, _Page(left, len(rows) > values.first, total, values))

    def each(self, operands: Operands, _row: Row, page: _Page | None) -> bytes:
        (value,) = operands
        assert page is not None
        return b"[" + b",".join(self.value(value, row, page) for row in page.rows) + b"]"

    def more(self, _operands: Operands, _row: Row, page: _Page | None) -> bytes:
        assert page is not None
        return orjson.dumps(page.more)

    def continues(self, _operands: Operands, _row: Row, page: _Page | None) -> bytes:
        assert page is not None
        return orjson.dumps(bool(page.values.continues))

    def total(self, _operands: Operands, _row: Row, page: _Page | None) -> bytes:
        assert page is not None
        return orjson.dumps(page.total)

    def cursor(self, operands: Operands, row: Row, page: _Page | None) -> bytes:
        assert page is not None
        value_column, key_column = operands
        value, key = None if value_column == -1 else row[value_column], row[key_column]
        assert isinstance(key, str)
        assert value is None or isinstance(value, str)
        return b'"' + page.values.cursor(value, key).encode("ascii") + b'"'

    def start_cursor(self, operands: Operands, _row: Row, page: _Page | None) -> bytes:
        assert page is not None
        return self.cursor(operands, page.rows[0], page) if page.rows else b"null"

    def end_cursor(self, operands: Operands, _row: Row, page: _Page | None) -> bytes:
        assert page is not None
        return self.cursor(operands, page.rows[-1], page) if page.rows else b"null"

    def first(self, operands: Operands, _row: Row, _page: _Page | None) -> bytes:
        (value,) = operands
        return self.value(value, self._answer[0], None) if self._answer else b"null"


def _plain(operands: Operands, row: Row, type_: type) -> bytes:
    (column,) = operands
    value = row[column]
    assert value is None or type(value) is type_
    return orjson.dumps(value)
