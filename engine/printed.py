"""An operation whose answer is printed as it comes: every root field has a plan, and no plan takes Python.

Its statements go in one message, past the driver (``tenancy/scope.py``, ``read_in_tenant``), and what PostgreSQL
answers becomes JSON without an object for any value (``engine/printing.c``). Where that module was not compiled,
everything goes the other way.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import orjson

from engine.assembly import Assembling
from engine.decision import FieldState
from engine.parameter_texts import parameter_texts
from tenancy.messages import counted_formats
from tenancy.reads import Read

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.assembly import PageValues
    from engine.operation import DecidedOperation
    from engine.parameters import Values
    from engine.plan import Plan
    from engine.printing import Program
    from engine.selection import SelectedField

try:
    from engine.printing import Program as _Program
except ImportError:  # nothing to compile it with
    _PROGRAM: type[Program] | None = None
else:
    _PROGRAM = _Program

# Of an operation without ``node`` and ``nodes``, which are not printed.
_NO_KEYS: Final[Mapping[int, Sequence[tuple[str, str] | None]]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class PrintedField:
    """A root field.

    Attributes:
        before: what the response has between the value before and this one.
        plan: how it is read.
        sql: the statement.
        formats: of its columns, as they are sent.
        program: prints its answer.
    """

    before: bytes
    plan: Plan
    sql: str
    formats: bytes
    program: Program


@dataclass(frozen=True, slots=True)
class PrintedOperation:
    """How all of an operation is printed.

    Attributes:
        fields: those that are read, in order.
        after: what the response has behind the last value.
        denied: the root fields that are denied, each once, whatever there is.
    """

    fields: Sequence[PrintedField]
    after: bytes
    denied: Sequence[int]


class _Printer:
    """What becomes of one field in one request."""

    __slots__ = ("_fields", "_pages", "_program", "denied", "json")

    def __init__(self, program: Program, pages: Mapping[int, PageValues], fields: int) -> None:
        self._program = program
        self._pages = pages
        self._fields = fields
        self.denied: list[int] = []
        self.json = b"null"

    def take(self, answer: bytes, start: int) -> int:
        # Counted anew each time: what was printed may have to be printed again, when something behind it failed.
        self.denied = [0] * self._fields
        self.json, end = self._program.print(answer, start, Assembling(self._pages, self.denied, _NO_KEYS))
        return end


class Printing:
    """One request's answer, while it is printed.

    Attributes:
        reads: its statements.
    """

    __slots__ = ("_operation", "_printers", "reads")

    def __init__(
        self, operation: PrintedOperation, values: Values, pages: Mapping[int, PageValues], fields: int
    ) -> None:
        """Nothing is sent yet.

        Args:
            operation: what is asked.
            values: where its parameters come from.
            pages: as in :class:`engine.assembly.Assembling`.
            fields: how many fields are selected in all.

        Raises:
            NoTextError: a parameter has to go by way of the driver.
        """
        self._operation = operation
        self._printers = [_Printer(each.program, pages, fields) for each in operation.fields]
        self.reads = [
            Read(each.sql, parameter_texts(each.plan.parameters, values), each.formats, each.plan.is_settled, to.take)
            for each, to in zip(operation.fields, self._printers, strict=True)
        ]

    def data(self) -> bytes:
        """The response's data, once all was read."""
        parts: list[bytes] = []
        for field, printer in zip(self._operation.fields, self._printers, strict=True):
            parts += (field.before, printer.json)
        return b"".join((*parts, self._operation.after))

    def count(self, counts: list[int]) -> None:
        """Add the objects that lack a field to ``counts``, by index of the field."""
        for index in self._operation.denied:
            counts[index] += 1
        for printer in self._printers:
            for index, count in enumerate(printer.denied):
                counts[index] += count


def printed(decided: DecidedOperation, plan: Callable[[SelectedField], Plan]) -> PrintedOperation | None:
    """How an operation is printed; ``None``: something in it takes Python, or nothing in it is read.

    Args:
        decided: one that is read by plan alone.
        plan: gives the plan of a root field that is not denied.
    """
    if _PROGRAM is None:
        return None
    fields: list[PrintedField] = []
    denied: list[int] = []
    root = decided.operation.selection.root
    between = b"{"
    for field in root.fields:
        before = between + orjson.dumps(field.key) + b":"
        if field.rule is None:
            between = before + orjson.dumps(root.type_name) + b","
        elif decided.decision.fields[field.index] is FieldState.DENIED:
            denied.append(field.index)
            between = before + b"null,"
        else:
            planned = plan(field)
            if planned.printed is None or planned.bare is None:
                return None
            try:
                program = _PROGRAM(planned.printed)
            except ValueError:  # nested deeper than it goes
                return None
            formats = counted_formats(planned.formats)
            fields.append(PrintedField(before, planned, planned.bare, formats, program))
            between = b","
    return PrintedOperation(fields, between.removesuffix(b",") + b"}", denied) if fields else None
