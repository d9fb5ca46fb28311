"""PostgreSQL's answers as bytes, beside what the driver makes of them; and bytes put together by hand.

Leaves out the tests that import this where nothing can compile what they test. Where it can be, it has to be there.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from unittest.mock import patch

import asyncpg
import pytest

from development.compile_printing import tools_for
from engine.assembly import Assembling, PageValues
from engine.instructions import Instruction
from tests.oracle.printer import printed

if tools_for(Path(sys.executable)) is None:
    pytest.skip("no C compiler, or no Python.h", allow_module_level=True)

from engine.printing import MalformedAnswerError, Program

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.instructions import InstructionTree

__all__ = ["Connection", "MalformedAnswerError", "Program"]

FIELDS: Final = 8


class _Heard(asyncpg.protocol.Protocol):  # type: ignore[misc] # the driver has no types
    """The driver's protocol, which keeps what it is told."""

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)
        self.heard = bytearray()

    def data_received(self, data: bytes) -> None:
        self.heard += data
        super().data_received(data)


@dataclass(frozen=True)
class Answer:
    """One statement's answer.

    Attributes:
        data: its bytes, from BindComplete to ReadyForQuery.
        rows: as the driver has decoded them.
    """

    data: bytes
    rows: Sequence[Sequence[object]]

    def agreed(self, tree: InstructionTree, pages: dict[int, PageValues] | None = None) -> bytes:
        """What is printed of it: the same as in plain Python, with the same counts."""
        compiled, plain = state(pages), state(pages)
        expected = printed(tree, self.rows, plain)
        program = Program(tree)
        assert program.print(self.data, 0, compiled) == (expected, self.data.index(b"Z\0\0\0\5"))
        assert compiled.denied == plain.denied
        # Once more from somewhere else, and with the first one's length for a guess.
        again = state(pages)
        assert program.print(b"\xff" * 7 + self.data, 7, again)[0] == expected
        assert again.denied == plain.denied
        return expected


class Connection:
    """A connection that keeps the answers' bytes."""

    def __init__(self, inner: asyncpg.Connection) -> None:
        self._inner = inner

    async def answer(self, sql: str, *arguments: object) -> Answer:
        statement = await self._inner.prepare(sql)
        self._inner._protocol.heard.clear()  # noqa: SLF001 - ours, see above
        rows = await statement.fetch(*arguments)
        return Answer(self.heard, rows)

    @property
    def heard(self) -> bytes:
        """The last answer, whatever the driver made of it."""
        return bytes(self._inner._protocol.heard)  # noqa: SLF001 - ours, see above

    async def close(self) -> None:
        await self._inner.close()


async def connected(url: str) -> Connection:
    """Connect without TLS, for which the driver exchanges its protocol for another."""
    with patch("asyncpg.protocol.Protocol", _Heard):
        inner = await asyncpg.connect(url, ssl=False)
    # The driver looks up the types of a statement's own columns and none further in.
    await inner.fetch("SELECT ARRAY(SELECT ROW(1)), ARRAY(SELECT ARRAY['text'])")
    return Connection(inner)


def cursor(value: str | None, key: str) -> str:
    """A cursor that shows what it is made of."""
    return f"{'-' if value is None else value.encode().hex()}.{key.encode().hex()}"


def page(first: int, *, continues: bool = False) -> PageValues:
    return PageValues(first, continues, cursor)


def state(pages: dict[int, PageValues] | None = None) -> Assembling:
    """A request's side with as many rows for every page as there are, unless told, and counts of its own."""
    return Assembling(pages or {index: page(1_000_000) for index in range(FIELDS)}, [0] * FIELDS, {})


def each_row(*values: InstructionTree) -> InstructionTree:
    """A list of lists, one for each row of the answer."""
    parts: list[InstructionTree] = [(Instruction.LITERAL, b"[")]
    for value in values:
        parts += [value, (Instruction.LITERAL, b",")]
    parts[-1] = (Instruction.LITERAL, b"]")
    return (Instruction.ROWS, 0, (), (Instruction.EACH, (Instruction.SEQUENCE, tuple(parts))))


def message(kind: bytes, body: bytes = b"") -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body


def value(data: bytes | None) -> bytes:
    """A length and the bytes of a column or an item."""
    return (b"\xff" * 4) if data is None else len(data).to_bytes(4, "big") + data


def data_row(*columns: bytes | None) -> bytes:
    return message(b"D", len(columns).to_bytes(2, "big") + b"".join(map(value, columns)))


def answer(*rows: bytes) -> bytes:
    """What comes for one statement, of the messages of its rows."""
    return message(b"2") + b"".join(rows) + message(b"C", b"SELECT 1\0")
