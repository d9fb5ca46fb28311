"""What a plan makes of its rows, in two renderings: Python source that assembles it, and instructions that print it.

Both are written by the same call, so that what one of them says the other says too. Keys and names of types are the
schema's and the document's, never values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

import orjson

from engine.instructions import Instruction
from schema.declarations import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from engine.instructions import InstructionTree

# How the values of a column are printed, in the form in which they are selected. The others have none that is exact.
_PRINTED: Final = {
    ColumnKind.TEXT: Instruction.TEXT,
    ColumnKind.UUID: Instruction.TEXT,
    ColumnKind.NUMERIC: Instruction.TEXT,
    ColumnKind.DATE: Instruction.TEXT,
    ColumnKind.INTEGER: Instruction.INTEGER,
    ColumnKind.TIME: Instruction.TIME,
    ColumnKind.BOOLEAN: Instruction.BOOLEAN,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands among the rows.

    Attributes:
        row: the source that names its row.
        column: its place in the row, from 0.
    """

    row: str
    column: int

    @property
    def source(self) -> str:
        """The source that names the value."""
        return f"{self.row}[{self.column}]"


@dataclass(frozen=True, slots=True)
class Shape:
    """A value of the response.

    Attributes:
        source: makes it as orjson takes it.
        printed: prints it; ``None`` where no instructions do, for want of Python.
    """

    source: str
    printed: InstructionTree | None


def shape(
    source: str, instruction: Instruction, *operands: int | bytes | tuple[int, ...] | InstructionTree | None
) -> Shape:
    """A value that one instruction prints; where an operand has no instructions (``None``), none do."""
    known = tuple(each for each in operands if each is not None)
    return Shape(source, (instruction, *known) if len(known) == len(operands) else None)


def literal(value: str | None) -> Shape:
    """A text that is known, or null."""
    return shape(repr(value), Instruction.LITERAL, orjson.dumps(value))


def of_column(place: Place, kind: ColumnKind) -> Shape:
    """The value of a column, as :func:`engine.sql.selected` selects it."""
    instruction = _PRINTED.get(kind)
    return Shape(place.source, None) if instruction is None else shape(place.source, instruction, place.column)


def object_of(items: Sequence[tuple[str, Shape]]) -> Shape:
    """An object, of its response keys and their values."""
    source = "{" + ", ".join(f"{key!r}: {value.source}" for key, value in items) + "}"
    parts: list[InstructionTree] = []
    before = b"{"
    for key, value in items:
        if value.printed is None:
            return Shape(source, None)
        parts += [(Instruction.LITERAL, before + orjson.dumps(key) + b":"), value.printed]
        before = b","
    parts.append((Instruction.LITERAL, b"}" if items else b"{}"))
    return Shape(source, _sequence(parts))


def denied(index: int) -> Shape:
    """The null of a field that an object lacks, counted for the field."""
    return shape(f"deny(state, {index})", Instruction.DENIED, index)


def in_reach(condition: Place, value: Shape, index: int) -> Shape:
    """The value of a field where the row meets the condition; else as :func:`denied`."""
    source = f"({value.source} if {condition.source} else deny(state, {index}))"
    return shape(source, Instruction.IN_REACH, condition.column, value.printed, index)


def list_of(row: str, value: Shape) -> Shape:
    """In a page: the list of a value for each of its rows, which ``row`` names."""
    return shape(f"[{value.source} for {row} in rows]", Instruction.EACH, value.printed)


def _sequence(parts: Iterable[InstructionTree]) -> InstructionTree:
    """One after the other, in as few instructions as there can be."""
    merged: list[InstructionTree] = []
    for part in _flat(parts):
        match merged[-1] if merged else (), part:
            case (Instruction.LITERAL, bytes(before)), (Instruction.LITERAL, bytes(after)):
                merged[-1] = (Instruction.LITERAL, before + after)
            case _:
                merged.append(part)
    return merged[0] if len(merged) == 1 else (Instruction.SEQUENCE, tuple(merged))


def _flat(parts: Iterable[InstructionTree]) -> Iterable[InstructionTree]:
    for part in parts:
        if part[0] is Instruction.SEQUENCE:
            yield from cast("tuple[InstructionTree, ...]", part[1])
        else:
            yield part
