"""A whole transaction in one message, past the driver, and the answer to it while it comes.

The driver makes a Python object of each value before anybody can look at it. Whoever turns an answer into JSON needs
none of them, so what only reads is sent as it is (``tenancy/messages.py``), and its answer goes as it comes to whoever
takes it. What begins the transaction and what ends it are part of the message, so nothing is open once it is answered.

Nearly always the answer is all there at once, and around the rows it is the same bytes as the last time. Then it is
not taken apart at all. Whatever else it is, it is taken apart message by message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import asyncpg

from tenancy.errors import SentAheadError
from tenancy.messages import AT_ANY_TIME, COMPLETE, ERROR, READY, error, framed

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    # Takes the answer to one statement: what holds it, and where in it the answer begins. Gives where it ends.
    Take = Callable[[bytes, int], int]

# How it ends when all went well: COMMIT was bound and complete, and PostgreSQL is ready, outside any transaction.
_END: Final = b"2\0\0\0\x04C\0\0\0\x0bCOMMIT\0Z\0\0\0\x05I"
_READY: Final = b"Z\0\0\0\x05"
_READY_IDLE: Final = b"Z\0\0\0\x05I"


class MalformedAnswerError(Exception):
    """An answer that is none to what was sent. The connection is of no use any more."""


class Exchange:
    """One message's answer, while it comes.

    Attributes:
        ended: called once, when all has come, with what went wrong.
    """

    __slots__ = ("_came", "_forward", "_opening", "_takes", "_usual", "ended")

    def __init__(
        self,
        opening: tuple[str, ...],
        takes: Sequence[Take],
        *,
        usual: dict[tuple[str, ...], bytes],
        ended: Callable[[Exception | None], None],
        forward: Callable[[bytes], None],
    ) -> None:
        """Nothing has come yet.

        Args:
            opening: the statements that begin the transaction.
            takes: one for each statement behind them, in order. One that raised may be given the answer again.
            usual: what openings were answered with before on this connection.
            ended: as above.
            forward: takes what is no part of the answer.
        """
        self._opening = opening
        self._takes = takes
        self._usual = usual
        self._forward = forward
        self._came = bytearray()
        self.ended = ended

    def received(self, data: bytes) -> tuple[Exception | None, bytes] | None:
        """Take what has come: ``None`` when that was not all; else what went wrong, and what came behind it."""
        if self._came:
            searched = max(0, len(self._came) - len(_READY))
            self._came += data
            if self._came.find(_READY, searched) < 0:
                return None
            data = bytes(self._came)
        elif _READY not in data:
            self._came += data
            return None
        if data.endswith(_END) and self._is_as_usual(data):
            return None, b""
        return self._taken_apart(data)

    def lost(self, problem: Exception | None) -> Exception:
        """What went wrong when the connection was lost."""
        came = bytes(self._came)
        said: list[Exception] = [error(came[start:end]) for kind, start, end in framed(came) if kind == ERROR]
        closed = asyncpg.ConnectionDoesNotExistError("the connection was closed before it was answered")
        return next(iter(said), problem or closed)

    def _is_as_usual(self, data: bytes) -> bool:
        usual = self._usual.get(self._opening)
        if usual is None or not data.startswith(usual):
            return False
        end = len(usual)
        try:
            for take in self._takes:
                end = take(data, end)
        except Exception:  # noqa: BLE001 - whatever it is, the other way finds it again and says what it means
            return False
        return end == len(data) - len(_END)

    def _taken_apart(self, data: bytes) -> tuple[Exception | None, bytes] | None:
        parts, others, complete = [], [], [0]
        length, failure = 0, None
        for kind, start, end in framed(data):
            if kind in AT_ANY_TIME:
                others.append(data[start:end])
                continue
            parts.append(data[start:end])
            length += end - start
            if kind == COMPLETE:
                complete.append(length)
            elif kind == ERROR and failure is None:
                problem = error(data[start:end])
                failure = SentAheadError(problem) if len(complete) <= len(self._opening) else problem
            elif kind == READY:
                # Those are the driver's business.
                for other in others:
                    self._forward(other)
                return failure or self._taken(b"".join(parts), complete), data[end:]
        self._came[:] = data
        return None

    def _taken(self, data: bytes, complete: list[int]) -> Exception | None:
        """Hand the answers over, of which each is complete where it is said to be."""
        begun = len(self._opening)
        # One for each statement, one for the end, and one that is no statement's: where it all begins.
        if len(complete) != begun + len(self._takes) + 2 or not data.endswith(_READY_IDLE):
            return MalformedAnswerError("not as many answers as statements")
        self._usual[self._opening] = data[: complete[begun]]
        try:
            for number, take in enumerate(self._takes, begun):
                if take(data, complete[number]) != complete[number + 1]:
                    return MalformedAnswerError("an answer ends where it should not")
        except Exception as problem:  # noqa: BLE001 - whoever asked is told
            return problem
        return None
