from typing import Self

from engine.assembly import Assembling
from engine.instructions import InstructionTree

# The bytes are no answer to what the program is for.
class MalformedAnswerError(Exception): ...

# What is printed of an answer.
class Program:
    # TypeError, ValueError: it is no tree of instructions, one stands where there is no row or page for it, or they are
    # too many or nested too deeply.
    def __new__(cls, root: InstructionTree) -> Self: ...

    # The answer begins at an offset of the bytes: BindComplete, perhaps after ParseComplete, then rows, then
    # CommandComplete. Returns the JSON, and the offset behind these messages.
    #
    # MalformedAnswerError: the bytes are something else, or rows of another form. OverflowError: a time is outside of
    # the years 1 to 9999. What page.cursor raises is passed on. Whatever is raised, state.denied is as it was.
    def print(self, answer: bytes, start: int, state: Assembling, /) -> tuple[bytes, int]: ...
