"""Whatever the bytes are, printing them gives an answer or says that they are none, and counts nothing then.

That nothing is read out of their bounds either, these tests cannot see; under an address sanitizer they do.
"""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.instructions import Instruction
from tests.engine.answers import FIELDS, MalformedAnswerError, Program, answer, data_row, message, page, state, value

if TYPE_CHECKING:
    from engine.instructions import InstructionTree

SEED: Final = 2026
MOST_OUTPUT: Final = 1_000_000

TEXT, INTEGER, BOOLEAN, TIME = Instruction.TEXT, Instruction.INTEGER, Instruction.BOOLEAN, Instruction.TIME
EACH, SEQUENCE, FIRST, PAGE, ONE = (
    Instruction.EACH,
    Instruction.SEQUENCE,
    Instruction.FIRST,
    Instruction.PAGE,
    Instruction.ONE,
)


def number(given_number: int, size: int = 4) -> bytes:
    return given_number.to_bytes(size, "big", signed=True)


def record(*columns: bytes | None) -> bytes:
    return number(len(columns)) + b"".join(number(25) + value(each) for each in columns)


def array(type_number: int, sizes: tuple[int, ...], *items: bytes | None) -> bytes:
    bounds = b"".join(number(size) + number(1) for size in sizes)
    return number(len(sizes)) + number(0) + number(type_number) + bounds + b"".join(map(value, items))


# Two rows with everything in them.
RECORDS: Final = array(2249, (2,), record(b"k1", number(7, 2), None), record(None, number(-7, 8), b'"\n'))
TEXTS: Final = array(25, (3, 2), b"k1", b"one", b"k2", None, b"k3", b"three")
WHOLE: Final = answer(
    *(
        data_row(
            b"key-of-a-row", b"text \n " * 3, number(5, size), b"\1", number(86_400_000_000, 8), reach, None, RECORDS,
            TEXTS, number(12, 8), record(b"inside", RECORDS), array(25, (2,), b"a", None), array(25, ()),
        )
        for size, reach in ((2, b"\1"), (8, b"\0"))
    )
)  # fmt: skip

_RECORD: Final[InstructionTree] = (SEQUENCE, ((TEXT, 0), (INTEGER, 1), (TEXT, 2), (Instruction.DENIED, 3)))
_TEXTS: Final[InstructionTree] = (SEQUENCE, ((Instruction.GLOBAL_ID, b"Type:", 0), (TEXT, 1)))
_ROW: Final[tuple[InstructionTree, ...]] = (
    (Instruction.LITERAL, b"{"),
    (Instruction.GLOBAL_ID, b"Type:", 0),
    (Instruction.CURSOR, 1, 0),
    (TEXT, 1),
    (INTEGER, 2),
    (BOOLEAN, 3),
    (TIME, 4),
    (Instruction.IN_REACH, 5, (TEXT, 1), 1),
    (TEXT, 6),
    (PAGE, 7, 9, 1, (2,), (SEQUENCE, ((EACH, _RECORD), (Instruction.TOTAL,), (Instruction.MORE,)))),
    (
        PAGE,
        8,
        -1,
        2,
        (),
        (SEQUENCE, ((EACH, _TEXTS), (Instruction.START_CURSOR, 1, 0), (Instruction.END_CURSOR, 1, 0))),
    ),
    (ONE, 10, (SEQUENCE, ((TEXT, 0), (PAGE, 1, -1, 3, (4,), (EACH, _RECORD)))), 0),
    (ONE, 11, (SEQUENCE, ((TEXT, 0), (TEXT, 1))), 1),
    (ONE, 12, (Instruction.LITERAL, b"}"), 1),
)
PROGRAM: Final = Program((Instruction.ROWS, 0, (0,), (SEQUENCE, ((EACH, (SEQUENCE, _ROW)), (Instruction.MORE,)))))


def print_or_refuse(data: bytes, start: int = 0, program: Program = PROGRAM) -> bool:
    """Whether it was printed. Checks that nothing was counted, if not."""
    request = state({0: page(2), 1: page(1), 2: page(3), 3: page(9)})
    try:
        made, end = program.print(data, start, request)
    except (MalformedAnswerError, OverflowError):
        assert request.denied == [0] * FIELDS
        return False
    assert start < end <= len(data)
    assert len(made) < MOST_OUTPUT
    return True


def test_the_whole_answer_is_one() -> None:
    assert print_or_refuse(WHOLE)


def test_an_answer_that_is_cut_off_anywhere_is_none() -> None:
    for size in range(len(WHOLE)):
        assert not print_or_refuse(WHOLE[:size]), size
        assert not print_or_refuse(b"\0" * 5 + WHOLE[:size], 5), size


def test_an_answer_with_any_byte_changed_is_printed_or_refused() -> None:
    for place in range(len(WHOLE)):
        for byte in (0, 1, 2, 4, 8, 0x7F, 0x80, 0xFF, WHOLE[place] ^ 1, (WHOLE[place] + 1) % 256, ord("C"), ord("D")):
            print_or_refuse(WHOLE[:place] + bytes([byte]) + WHOLE[place + 1 :])


def test_an_answer_with_a_number_put_anywhere_is_printed_or_refused() -> None:
    for place in range(len(WHOLE) - 4):
        for length in (0, 1, 3, 5, 2**16, 2**31 - 1, -1, -2, -(2**31), len(WHOLE), len(WHOLE) - place):
            print_or_refuse(WHOLE[:place] + number(length) + WHOLE[place + 4 :])


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(WHOLE) - 1), st.integers(0, 255)), max_size=8), st.integers(0, len(WHOLE)))
def test_an_answer_with_some_bytes_changed_is_printed_or_refused(changes: list[tuple[int, int]], size: int) -> None:
    changed = bytearray(WHOLE)
    for place, byte in changes:
        changed[place] = byte
    print_or_refuse(bytes(changed))
    print_or_refuse(bytes(changed[:size]))


@given(st.binary(max_size=300))
def test_any_bytes_are_printed_or_refused(data: bytes) -> None:
    print_or_refuse(data)
    print_or_refuse(message(b"2") + data)
    print_or_refuse(answer(message(b"D", data)))
    print_or_refuse(answer(data_row(data)), program=Program((FIRST, (PAGE, 0, -1, 0, (1,), (EACH, _TEXTS)))))


def test_parts_of_an_answer_put_together_anew_are_printed_or_refused() -> None:
    random = Random(SEED)  # noqa: S311 - the same every time
    for _ in range(3_000):
        places = sorted(random.randrange(len(WHOLE)) for _ in range(4))
        parts = [WHOLE[first:last] for first, last in zip([0, *places], [*places, len(WHOLE)], strict=True)]
        inside = parts[1:-1]
        random.shuffle(inside)
        print_or_refuse(b"".join([parts[0], *inside, parts[-1]]))


ROW: Final = data_row(b"text")
END: Final = message(b"C", b"SELECT 1\0")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        ROW + END,
        END,
        message(b"1") + END,
        message(b"1") * 2 + message(b"2") + END,
        message(b"2") * 2 + END,
        message(b"1", b"0") + message(b"2") + END,
        message(b"2", b"0") + END,
        message(b"2") + ROW,
        message(b"2") + message(b"T") + ROW + END,
        message(b"2") + ROW + message(b"E", b"SERROR\0\0"),
        message(b"2") + message(b"N", b"SNOTICE\0\0") + ROW + END,
        message(b"2") + b"C\0\0\0\3",
        message(b"2") + b"C\xff\xff\xff\xff",
        answer(message(b"D")),
        answer(message(b"D", b"\0\1")),
        answer(ROW, data_row(b"text", b"more")),
        answer(message(b"D", number(1, 2) + value(b"text") + b"behind")),
        answer(message(b"D", number(1, 2) + number(-2))),
    ],
)
def test_messages_that_are_others_are_refused(data: bytes) -> None:
    assert not print_or_refuse(data, program=Program((FIRST, (TEXT, 0))))


def test_an_answer_begins_within_its_bytes() -> None:
    for start in (-1, len(WHOLE) + 1):
        with pytest.raises(ValueError, match="outside"):
            PROGRAM.print(WHOLE, start, state())
    assert not print_or_refuse(WHOLE, len(WHOLE))


@pytest.mark.parametrize(
    ("column", "tree"),
    [
        (b"text", (TEXT, 1)),
        (b"\0\0\0", (INTEGER, 0)),
        (b"", (INTEGER, 0)),
        (b"", (BOOLEAN, 0)),
        (b"\2", (BOOLEAN, 0)),
        (b"\1\1", (BOOLEAN, 0)),
        (b"\2", (Instruction.IN_REACH, 0, (Instruction.LITERAL, b"seen"), 1)),
        (b"\0" * 7, (TIME, 0)),
        (None, (Instruction.GLOBAL_ID, b"Type:", 0)),
        (None, (PAGE, 0, -1, 0, (1,), (EACH, (TEXT, 0)))),
        (None, (PAGE, -1, 0, 0, (1,), (EACH, (TEXT, 0)))),
        (b"\0" * 4, (PAGE, -1, 0, 0, (1,), (EACH, (TEXT, 0)))),
        (record(b"text"), (ONE, 0, (TEXT, 1), 0)),
        (record(b"text") + b"behind", (ONE, 0, (TEXT, 0), 0)),
        (number(-1), (ONE, 0, (Instruction.LITERAL, b""), 0)),
        (number(2**31 - 1), (ONE, 0, (Instruction.LITERAL, b""), 0)),
        (array(25, (1,), b"text"), (ONE, 0, (TEXT, 1), 1)),
        (array(25, (1, 1), b"text"), (ONE, 0, (TEXT, 0), 1)),
        (array(2249, (1,), record(b"text")), (ONE, 0, (TEXT, 0), 1)),
        (array(25, (1,), b"text"), (ONE, 0, (TEXT, 0), 0)),
        (TEXTS, (PAGE, 0, -1, 0, (), (EACH, (INTEGER, 2)))),
        (TEXTS + b"behind", (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (RECORDS + b"behind", (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(25, (1,), b"text"), (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(2249, (1, 1), record(b"text")), (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(2249, (1,), None), (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(2249, (2,), record(b"text"), record()), (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(23, (1,), number(1)), (PAGE, 0, -1, 0, (), (EACH, (INTEGER, 0)))),
        (array(25, (2**31 - 1, 0)), (PAGE, 0, -1, 0, (), (EACH, (Instruction.LITERAL, b"x")))),
        (array(25, (2**31 - 1, 2**31 - 1)), (PAGE, 0, -1, 0, (), (EACH, (Instruction.LITERAL, b"x")))),
        (array(25, (-1, -1), b"text"), (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(25, (1, 1, 1), b"text"), (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(25, ()) + b"behind", (PAGE, 0, -1, 0, (), (EACH, (TEXT, 0)))),
        (array(25, (1, 1), b"\xff"), (PAGE, 0, -1, 0, (), (EACH, (Instruction.CURSOR, -1, 0)))),
        (array(25, (1, 1), None), (PAGE, 0, -1, 0, (), (EACH, (Instruction.CURSOR, -1, 0)))),
        (array(25, (1, 1), b"key"), (PAGE, 0, -1, 0, (), (Instruction.END_CURSOR, 1, 0))),
    ],
)
def test_a_value_of_another_form_is_refused(column: bytes | None, tree: InstructionTree) -> None:
    program = Program((SEQUENCE, ((Instruction.DENIED, 5), (FIRST, tree))))
    assert not print_or_refuse(answer(data_row(column)), program=program)
