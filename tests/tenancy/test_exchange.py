"""The answer to a whole transaction, however it comes: taken once, to the byte, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import asyncpg
import pytest

from tenancy.errors import SentAheadError
from tenancy.exchange import Exchange, MalformedAnswerError
from tests.tenancy.taking import Taking

if TYPE_CHECKING:
    from collections.abc import Iterable


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + (len(body) + 4).to_bytes(4, "big") + body


def row(*values: str) -> bytes:
    columns = b"".join(len(each.encode()).to_bytes(4, "big") + each.encode() for each in values)
    return message("D", len(values).to_bytes(2, "big") + columns)


BOUND = message("2")
BEGUN = [BOUND, message("C", b"BEGIN\0")]
PINNED = [BOUND, row("f"), message("C", b"SELECT 1\0")]
# Text has no NUL, so this is as far as a value can go towards what an answer ends with.
FIRST = [BOUND, row("COMMIT", "Z\x05I"), row("2\x04C\x0bCOMMIT", "é"), message("C", b"SELECT 2\0")]
SECOND = [message("1"), BOUND, message("C", b"SELECT 0\0")]
COMMITTED = [BOUND, message("C", b"COMMIT\0")]
IDLE = message("Z", b"I")
FAILED = message("E", b"SERROR\0C22012\0Mdivision by zero\0\0")
NEVER_MIND = [message("N", b"SNOTICE\0\0"), message("S", b"a\0b\0"), message("A", b"\0\0\0\1channel\0payload\0")]

OPENING = ("BEGIN", "SELECT pin")
WHOLE = [*BEGUN, *PINNED, *FIRST, *SECOND, *COMMITTED, IDLE]


class Heard:
    """One exchange, of two statements, and what came of it."""

    def __init__(self, usual: dict[tuple[str, ...], bytes] | None = None) -> None:
        self.reads = Taking("first"), Taking("second")
        self.others: list[bytes] = []
        self.exchange = Exchange(
            OPENING,
            [each.take for each in self.reads],
            usual={} if usual is None else usual,
            ended=lambda _: None,
            forward=self.others.append,
        )

    def hear(self, pieces: Iterable[bytes]) -> tuple[Exception | None, bytes] | None:
        ended = None
        for piece in pieces:
            assert ended is None, "it went on after its end"
            ended = self.exchange.received(piece)
        return ended

    def has_all(self) -> None:
        assert [each.rows for each in self.reads] == [[["COMMIT", "Z\x05I"], ["2\x04C\x0bCOMMIT", "é"]], []]


@pytest.mark.parametrize("known", [False, True])
def test_it_may_be_cut_anywhere(known: bool) -> None:  # noqa: FBT001 - a parameter
    usual: dict[tuple[str, ...], bytes] = {}
    if known:
        Heard(usual).hear([b"".join(WHOLE)])
        assert usual
    answer = b"".join(WHOLE)
    for place in range(1, len(answer)):
        heard = Heard(usual)
        assert heard.hear([answer[:place], answer[place:]]) == (None, b"")
        heard.has_all()
    heard = Heard(usual)
    assert heard.hear(answer[place : place + 1] for place in range(len(answer))) == (None, b"")
    heard.has_all()


@pytest.mark.parametrize("place", range(len(WHOLE) + 1))
@pytest.mark.parametrize("known", [False, True])
def test_what_is_the_drivers_business_is_handed_on(place: int, known: bool) -> None:  # noqa: FBT001 - a parameter
    usual: dict[tuple[str, ...], bytes] = {}
    if known:
        Heard(usual).hear([b"".join(WHOLE)])
    heard = Heard(usual)
    ended = heard.hear([b"".join([*WHOLE[:place], *NEVER_MIND, *WHOLE[place:]])])
    assert ended is not None
    problem, behind = ended
    assert problem is None
    assert b"".join(heard.others) + behind == b"".join(NEVER_MIND)
    heard.has_all()


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_an_error_anywhere_is_the_openings_or_a_statements(place: int) -> None:
    heard = Heard()
    ended = heard.hear([b"".join([*WHOLE[:place], FAILED, message("Z", b"E")])])
    assert ended is not None
    problem, behind = ended
    assert behind == b""
    if place < len(BEGUN) + len(PINNED):
        assert isinstance(problem, SentAheadError)
        problem = problem.problem
    assert isinstance(problem, asyncpg.DivisionByZeroError)
    assert [each.taken for each in heard.reads] == [0, 0]


@pytest.mark.parametrize(
    "answer",
    [
        [*BEGUN, *PINNED, *FIRST, *COMMITTED, IDLE],
        [*BEGUN, *PINNED, *FIRST, *SECOND, *SECOND, *COMMITTED, IDLE],
        [*BEGUN, *PINNED, *FIRST, *SECOND, IDLE],
        [*BEGUN, *PINNED, *FIRST, *SECOND, *COMMITTED, message("Z", b"T")],
        [IDLE],
    ],
)
def test_an_answer_to_something_else_is_refused(answer: list[bytes]) -> None:
    heard = Heard()
    ended = heard.hear([b"".join(answer)])
    assert ended is not None
    assert isinstance(ended[0], MalformedAnswerError)
    assert [each.taken for each in heard.reads] == [0, 0]


@pytest.mark.parametrize("place", range(len(WHOLE)))
def test_a_lost_connection_is_told_with_postgresqls_last_words(place: int) -> None:
    heard = Heard()
    fatal = message("E", b"SFATAL\0C57P01\0Mgoodbye\0\0")
    said, silent = b"".join([*WHOLE[:place], fatal]), b"".join(WHOLE[:place])
    assert heard.hear([said]) is None
    assert isinstance(heard.exchange.lost(None), asyncpg.AdminShutdownError)
    heard = Heard()
    assert heard.hear([silent] if silent else []) is None
    assert isinstance(heard.exchange.lost(None), asyncpg.ConnectionDoesNotExistError)
    reset = ConnectionResetError()
    assert heard.exchange.lost(reset) is reset
