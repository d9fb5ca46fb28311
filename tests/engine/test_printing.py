"""What is printed in C of PostgreSQL's own bytes is, to the byte, what plain Python prints of the driver's rows."""

from __future__ import annotations

import json
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.assembly import Assembling, PageValues
from engine.instructions import Instruction
from tests.engine.answers import (
    Connection,
    Program,
    answer,
    connected,
    cursor,
    data_row,
    each_row,
    message,
    page,
    state,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from engine.instructions import InstructionTree

LITERAL, SEQUENCE, EACH, FIRST = Instruction.LITERAL, Instruction.SEQUENCE, Instruction.EACH, Instruction.FIRST
TEXT, INTEGER, BOOLEAN, TIME = Instruction.TEXT, Instruction.INTEGER, Instruction.BOOLEAN, Instruction.TIME
GLOBAL_ID, DENIED, IN_REACH, ONE = Instruction.GLOBAL_ID, Instruction.DENIED, Instruction.IN_REACH, Instruction.ONE
PAGE, ROWS, CURSOR = Instruction.PAGE, Instruction.ROWS, Instruction.CURSOR
START, END = Instruction.START_CURSOR, Instruction.END_CURSOR
MORE, CONTINUES, TOTAL = (Instruction.MORE,), (Instruction.CONTINUES,), (Instruction.TOTAL,)

# All about a page but its rows, as the items of a list.
ABOUT: Final[tuple[InstructionTree, ...]] = (
    (LITERAL, b"["),
    *(part for each in (MORE, CONTINUES, TOTAL, (START, -1, 0), (END, 1, 0)) for part in (each, (LITERAL, b","))),
)
NUMBERS: Final = [0, 1, -1, 9, 10, 11, 99, 100, 101, 999, 1000, 12345, 2**15 - 1, -(2**15)]
LONG_NUMBERS: Final = [sign * each for power in range(5, 19) for each in (10**power - 1, 10**power) for sign in (1, -1)]


@pytest.fixture(scope="module")
async def connection(empty_database_url: str) -> AsyncIterator[Connection]:
    opened = await connected(empty_database_url)
    yield opened
    await opened.close()


# ── values ────────────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_text_is_escaped_wherever_the_character_stands(connection: Connection) -> None:
    text = "repeat('a', before) || chr(code) || repeat('ü', behind) || chr(code)"
    found = await connection.answer(
        f"SELECT {text} FROM generate_series(1, 300) code, generate_series(0, 17) before, generate_series(0, 9) behind"  # noqa: S608 - the above
    )
    assert found.agreed(each_row((TEXT, 0))).count(b"\\u001f") == 2 * 180


async def test_every_character_of_unicode_comes_as_it_is(connection: Connection) -> None:
    found = await connection.answer(
        "SELECT string_agg(chr(code), '') FROM generate_series(1, 1114111) code WHERE code NOT BETWEEN 55296 AND 57343"
    )
    assert orjson.loads(found.agreed((FIRST, (TEXT, 0)))) == found.rows[0][0]


@given(st.lists(st.text(max_size=60) | st.none(), max_size=5))
def test_text_is_printed_as_orjson_prints_it(texts: list[str | None]) -> None:
    found = answer(*(data_row(None if text is None else text.encode()) for text in texts))
    made, _ = Program(each_row((TEXT, 0))).print(found, 0, state())
    assert made == orjson.dumps([[text] for text in texts])


async def test_integers_of_every_length(connection: Connection) -> None:
    short = [*NUMBERS, None]
    middle = [*short, 2**31 - 1, -(2**31)]
    found = await connection.answer(
        "SELECT * FROM unnest($1::int2[], $2::int4[], $3::int8[]) each",
        short,
        middle,
        [*middle, *LONG_NUMBERS, 2**63 - 1, -(2**63)],
    )
    found.agreed(each_row((INTEGER, 0), (INTEGER, 1), (INTEGER, 2)))


async def test_booleans(connection: Connection) -> None:
    found = await connection.answer("SELECT * FROM (VALUES (true), (false), (null)) each")
    assert found.agreed(each_row((BOOLEAN, 0))) == b"[[true],[false],[null]]"


async def test_times_of_all_years_that_python_has(connection: Connection) -> None:
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    step = (last - first) / 9_973
    times = [first + number * step for number in range(9_973)]
    for year in (1, 4, 100, 400, 1900, 1999, 2000, 2024, 2100, 9999):
        for month, day in ((1, 1), (2, 28), (3, 1), (12, 31)):
            midnight = datetime(year, month, day, tzinfo=UTC)
            times += [midnight, midnight + timedelta(days=1) - timedelta(microseconds=1) if year < 9999 else last]
    found = await connection.answer(
        "SELECT * FROM unnest($1::timestamptz[] || '{infinity,-infinity,2024-02-29 23:59:59.5+00,null}') each", times
    )
    made = found.agreed(each_row((TIME, 0)))
    assert b'["2024-02-29T23:59:59.500000+00:00"]' in made


@pytest.mark.parametrize("time", ["0001-12-31 23:59:59.999999+00 BC", "4713-01-01 00:00:00+00 BC", "10000-01-01+00"])
async def test_a_time_that_python_has_not_overflows_as_it_does_with_the_driver(
    time: str, connection: Connection
) -> None:
    with pytest.raises(OverflowError):
        await connection.answer("SELECT $1::text::timestamptz", time)
    with pytest.raises(OverflowError):
        Program(each_row((TIME, 0))).print(connection.heard, 0, state())


def test_the_last_times_but_infinity_overflow() -> None:
    for microseconds in (2**63 - 2, 1 - 2**63, 252_455_616_000_000_000, -63_082_281_600_000_001):
        found = answer(data_row(microseconds.to_bytes(8, "big", signed=True)))
        with pytest.raises(OverflowError):
            Program(each_row((TIME, 0))).print(found, 0, state())


@given(st.binary(max_size=20), st.binary(max_size=60))
def test_a_global_id_is_base64_of_all_of_it(prefix: bytes, key: bytes) -> None:
    made, _ = Program((FIRST, (GLOBAL_ID, prefix, 0))).print(answer(data_row(key)), 0, state())
    assert made == b'"' + b64encode(prefix + key) + b'"'


# ── rows in rows ──────────────────────────────────────────────────────────────────────────────────────────────────────


async def test_rows_of_other_rows_as_records_and_as_lists_of_texts(connection: Connection) -> None:
    found = await connection.answer(
        "SELECT outside::text, CASE WHEN outside % 3 > 0 THEN ROW(outside, null, 'a \" quote', outside % 2 = 0) END,"
        " CASE WHEN outside % 2 > 0 THEN ARRAY['first', null, outside::text]::text[] END,"
        " ARRAY(SELECT ROW(inside::text, now(), ARRAY(SELECT ROW(deep::text, inside) FROM generate_series(1, inside)"
        " deep), 7::int8) FROM generate_series(1, outside) inside),"
        " ARRAY(SELECT ARRAY[inside::text, null, 'ü']::text[] FROM generate_series(2, outside) inside), 12::int8"
        " FROM generate_series(0, 6) outside"
    )
    deep: InstructionTree = (EACH, (SEQUENCE, ((TEXT, 0), (LITERAL, b":"), (INTEGER, 1))))
    record: InstructionTree = (SEQUENCE, ((INTEGER, 0), (TEXT, 1), (TEXT, 2), (BOOLEAN, 3), (LITERAL, b";")))
    records = (
        *ABOUT[:-4],  # the second column is a time, which no cursor is made of
        (EACH, (SEQUENCE, ((TEXT, 0), (TIME, 1), (CURSOR, -1, 0), (PAGE, 2, 3, 3, (5, 6), deep), (DENIED, 7)))),
    )
    texts = (*ABOUT, (EACH, (SEQUENCE, ((TEXT, 2), (TEXT, 1), (CURSOR, 1, 0)))))
    tree = each_row(
        (TEXT, 0),
        (ONE, 1, record, 0),
        (ONE, 2, (SEQUENCE, ((TEXT, 2), (TEXT, 0), (TEXT, 1))), 1),
        (PAGE, 3, 5, 1, (4,), (SEQUENCE, records)),
        (PAGE, 4, -1, 2, (), (SEQUENCE, texts)),
        (PAGE, -1, -1, 2, (1,), (SEQUENCE, texts)),
    )
    for first in (0, 1, 2, 3, 100):
        pages = {0: page(6), 1: page(first), 2: page(first, continues=True), 3: page(2)}
        found.agreed(tree, pages)


async def test_a_page_of_the_answers_own_rows(connection: Connection) -> None:
    found = await connection.answer(
        "SELECT key::text, nullif('ü' || key, 'ü2'), key % 2 = 0, nullif(key > 2, false) FROM generate_series(1, 4) key"
    )
    node: InstructionTree = (
        SEQUENCE,
        (
            (CURSOR, 1, 0),
            (GLOBAL_ID, b"Key:", 0),
            (IN_REACH, 2, (IN_REACH, 3, (TEXT, 1), 3), 2),
            (DENIED, 1),
            (LITERAL, b" "),
        ),
    )
    tree: InstructionTree = (ROWS, 5, (4, 6), (SEQUENCE, (*ABOUT, (EACH, node), (LITERAL, b"]"))))
    for first in range(6):
        found.agreed(tree, {5: page(first, continues=first > 2)})
    counts = state({5: page(3)})
    Program(tree).print(found.data, 0, counts)
    assert counts.denied == [0, 3, 2, 1, 3, 0, 3, 0]


async def test_the_first_row_for_many_fields_and_no_row(connection: Connection) -> None:
    tree: InstructionTree = (
        SEQUENCE,
        ((LITERAL, b"["), (FIRST, (TEXT, 0)), (LITERAL, b","), (FIRST, (INTEGER, 1)), (DENIED, 1), (LITERAL, b"]")),
    )
    for count in (0, 1, 3):
        found = await connection.answer("SELECT 'text ' || each, each FROM generate_series(1, $1::int) each", count)
        found.agreed(tree)
        found.agreed((ROWS, 0, (1,), (SEQUENCE, (*ABOUT[:-4], (EACH, (TEXT, 0))))))


async def test_an_answer_of_many_columns_and_rows(connection: Connection) -> None:
    columns = ", ".join(f"nullif(each, {column})" for column in range(1_600))
    found = await connection.answer(f"SELECT {columns} FROM generate_series(1, 50) each")  # noqa: S608 - numbers
    made = found.agreed(each_row(*((INTEGER, column) for column in range(1_600))))
    assert json.loads(made) == [list(row) for row in found.rows]


def test_what_stands_before_and_behind_the_answer_is_left_alone() -> None:
    found = message(b"1") + answer(data_row(b"text"))
    made, end = Program((FIRST, (TEXT, 0))).print(b"before" + found + b"behind", 6, state())
    assert (made, end) == (b'"text"', 6 + len(found))


def test_a_literal_may_be_empty_or_long_and_stand_anywhere() -> None:
    parts: tuple[InstructionTree, ...] = tuple((LITERAL, b"x" * size) for size in range(40))
    tree: InstructionTree = (SEQUENCE, (*parts, (DENIED, 0), (SEQUENCE, ()), *parts))
    text = b"".join(b"x" * size for size in range(40))
    assert Program(tree).print(answer(), 0, state())[0] == text + b"null" + text
    assert Program((SEQUENCE, ())).print(answer(), 0, state())[0] == b""


# ── the request ───────────────────────────────────────────────────────────────────────────────────────────────────────

CURSORS: Final = each_row((CURSOR, 0, 1), (DENIED, 2))


@pytest.mark.parametrize("made", ['a"b', "a\\b", "a\nb", "ü", b"bytes", None, 1])
def test_a_cursor_that_is_no_plain_text_is_refused(made: Any) -> None:  # noqa: ANN401 - what no cursor is
    counts = state({0: PageValues(1, continues=False, cursor=lambda _value, _key: made)})
    with pytest.raises((TypeError, ValueError)):
        Program(CURSORS).print(answer(data_row(b"value", b"key")), 0, counts)
    assert counts.denied == [0] * 8


def test_what_a_cursor_raises_is_passed_on_and_nothing_is_counted() -> None:
    def failing(value: str | None, key: str) -> str:
        if key == "2":
            raise LookupError(value)
        return cursor(value, key)

    counts = state({0: PageValues(9, continues=False, cursor=failing)})
    program, rows = Program(CURSORS), [data_row(b"one", b"1"), data_row(None, b"2"), data_row(b"three", b"3")]
    with pytest.raises(LookupError):
        program.print(answer(*rows), 0, counts)
    assert counts.denied == [0] * 8
    assert program.print(answer(rows[0], rows[2]), 0, counts)[0] == b'[["6f6e65.31",null],["7468726565.33",null]]'
    assert counts.denied[2] == 2


def test_a_program_may_be_printed_by_while_it_prints() -> None:
    program, found = Program(CURSORS), answer(data_row(b"value", b"key"))

    def printing(_value: str | None, key: str) -> str:
        return key + str(len(program.print(found, 0, state())[0]))

    made, _ = program.print(found, 0, state({0: PageValues(1, continues=False, cursor=printing)}))
    assert made == b'[["key28",null]]'


@pytest.mark.parametrize(
    ("given_state", "error"),
    [
        (Assembling({}, [0] * 8, {}), KeyError),
        (Assembling({0: page(-1)}, [0] * 8, {}), ValueError),
        (Assembling({0: page(2**64)}, [0] * 8, {}), OverflowError),
        (Assembling({0: page(9)}, [0] * 2, {}), IndexError),
        (Assembling({0: page(9)}, ["0"] * 8, {}), TypeError),  # type: ignore[list-item] # what is refused
        (Assembling({0: page(9)}, (0,) * 8, {}), TypeError),  # type: ignore[arg-type] # what is refused
        (object(), AttributeError),
    ],
)
def test_a_state_that_is_none_is_refused(given_state: Assembling, error: type[Exception]) -> None:
    with pytest.raises(error):
        Program(CURSORS).print(answer(data_row(b"value", b"key")), 0, given_state)
