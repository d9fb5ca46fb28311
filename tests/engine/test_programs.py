"""What is compiled to a program, and what is refused as no tree of instructions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from engine.instructions import Instruction
from tests.engine.answers import Program, answer, data_row, state

if TYPE_CHECKING:
    from engine.instructions import InstructionTree

LITERAL, SEQUENCE, EACH, FIRST = Instruction.LITERAL, Instruction.SEQUENCE, Instruction.EACH, Instruction.FIRST
TEXT, GLOBAL_ID, DENIED, IN_REACH = Instruction.TEXT, Instruction.GLOBAL_ID, Instruction.DENIED, Instruction.IN_REACH
ONE, PAGE, ROWS, CURSOR = Instruction.ONE, Instruction.PAGE, Instruction.ROWS, Instruction.CURSOR
START, MORE = Instruction.START_CURSOR, (Instruction.MORE,)


def nested(depth: int) -> InstructionTree:
    tree: InstructionTree = (TEXT, 0)
    for _ in range(depth - 2):
        tree = (SEQUENCE, (tree,))
    return (FIRST, tree)


def doubled(depth: int) -> InstructionTree:
    tree: InstructionTree = (SEQUENCE, ())
    for _ in range(depth):
        tree = (SEQUENCE, (tree, tree))
    return tree


@pytest.mark.parametrize(
    "tree",
    [
        None,
        (),
        [LITERAL, b""],
        ("LITERAL", b""),
        (-1,),
        (20,),
        (2**70,),
        (LITERAL,),
        (LITERAL, "text"),
        (LITERAL, b"", b""),
        (SEQUENCE, [(LITERAL, b"")]),
        (SEQUENCE, ((LITERAL, b""), None)),
        (FIRST, (TEXT, -1)),
        (FIRST, (TEXT, 2**16)),
        (FIRST, (TEXT, 1.0)),
        (FIRST, (GLOBAL_ID, "prefix", 0)),
        (FIRST, (ONE, 0, (TEXT, 0), 2)),
        (DENIED, -1),
        (DENIED, 2**31),
        (ROWS, 0, [1], (LITERAL, b"")),
        (ROWS, 0, (-1,), (LITERAL, b"")),
        # Where there is no such row or page.
        (TEXT, 0),
        (IN_REACH, 0, (LITERAL, b""), 0),
        (ONE, 0, (LITERAL, b""), 0),
        (PAGE, 0, -1, 0, (), (LITERAL, b"")),
        (PAGE, -1, 0, 0, (), (LITERAL, b"")),
        MORE,
        (EACH, (LITERAL, b"")),
        (START, -1, 0),
        (FIRST, MORE),
        (FIRST, (CURSOR, -1, 0)),
        (FIRST, (FIRST, (LITERAL, b""))),
        (FIRST, (ROWS, 0, (), (LITERAL, b""))),
        (ROWS, 0, (), (TEXT, 0)),
        (ROWS, 0, (), (CURSOR, -1, 0)),
        (ROWS, 0, (), (EACH, (EACH, (LITERAL, b"")))),
        (ROWS, 0, (), (EACH, (ONE, 0, MORE, 0))),
        nested(65),
        doubled(60),
    ],
)
def test_what_is_no_tree_of_instructions_is_refused(tree: Any) -> None:  # noqa: ANN401 - what is refused
    with pytest.raises((TypeError, ValueError)):
        Program(tree)


def test_instructions_may_be_nested_as_deeply_as_documents_are() -> None:
    assert Program(nested(64)).print(answer(data_row(b"deep")), 0, state())[0] == b'"deep"'


def test_the_numbers_of_the_instructions_are_all_there_are() -> None:
    assert [each.value for each in Instruction] == list(range(20))
