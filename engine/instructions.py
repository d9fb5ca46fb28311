"""What a plan says about printing its rows: a tree of instructions, which ``engine.printing`` turns into JSON.

PostgreSQL's answer is printed as it came, without a Python object for each value. An instruction is a tuple whose first
item is one of the numbers below. ``engine/printing.c`` has the same numbers; it refuses whatever is no such tree.

A column is the place of a value in the row around it, from 0. A field index is that of the selected field. A row is the
answer's own, or one that is nested in a column of another row: a record, or the texts of an array.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TypeAlias


class Instruction(IntEnum):
    """What is printed; behind each, the rest of its tuple. NULL prints ``null`` where nothing else is said."""

    LITERAL = 0
    """(bytes): the bytes as they are."""
    SEQUENCE = 1
    """(tuple of instructions): one after the other."""
    TEXT = 2
    """(column): its text, as a JSON string."""
    INTEGER = 3
    """(column): its int2, int4 or int8."""
    BOOLEAN = 4
    """(column): true or false."""
    TIME = 5
    """(column): its timestamptz, as orjson prints the datetime that asyncpg makes of it."""
    GLOBAL_ID = 6
    """(prefix as bytes, column): the global id of the key in the column, whose text is never NULL."""
    DENIED = 7
    """(field index): null, counted for the field."""
    IN_REACH = 8
    """(column, value, field index): the value if the column is true, else as DENIED."""
    ONE = 9
    """(column, value, 1 for an array of texts or 0 for a record): the value for the row in the column."""
    PAGE = 10
    """(column or -1, column of the total or -1, field index, denied field indexes, value): the value, for the
    page of the field whose rows are in the column. Each denied field is counted once for each row of the page."""
    ROWS = 11
    """(field index, denied field indexes, value): the same, of which the rows are the answer's own."""
    EACH = 12
    """(value): in a page, the list of the value for each row."""
    MORE = 13
    """In a page: whether there is a next one."""
    CONTINUES = 14
    """In a page: whether it was asked for by a cursor."""
    TOTAL = 15
    """In a page: the count of all rows."""
    CURSOR = 16
    """(value column or -1, key column): in EACH, the cursor of the row."""
    START_CURSOR = 17
    """(value column or -1, key column): in a page, the cursor of its first row, or null."""
    END_CURSOR = 18
    """(value column or -1, key column): in a page, the cursor of its last row, or null."""
    FIRST = 19
    """(value): the value for the answer's first row, or null."""


# Its first item is an Instruction; the items behind that are as above.
InstructionTree: TypeAlias = (
    "tuple[Instruction | int | bytes | tuple[int, ...] | InstructionTree | tuple[InstructionTree, ...], ...]"
)
