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

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from engine.assembly import PageValues
    from engine.operation import DecidedOperation
    from engine.parameters import Parameter, Values
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
        sql: the statement.
        parameters: of the statement, in order.
        formats: of its columns, as they are sent.
        is_settled: whether one way to run it is the best whatever the parameters.
        program: prints its answer.
    """

    before: bytes
    sql: str
    parameters: Sequence[Parameter]
    formats: bytes
    is_settled: bool
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


class _PrintedRead:
    """What becomes of one field in one request: a read (``tenancy/reads.py``), and its answer once that was taken."""

    __slots__ = ("_field", "_pages", "_selected", "denied", "formats", "is_settled", "json", "sql", "values")

    def __init__(self, field: PrintedField, values: bytes, pages: Mapping[int, PageValues], selected: int) -> None:
        self.sql = field.sql
        self.values = values
        self.formats = field.formats
        self.is_settled = field.is_settled
        self._field = field
        self._pages = pages
        self._selected = selected
        self.denied: list[int] = []
        self.json = b"null"

    def take(self, answer: bytes, start: int) -> int:
        # Counted anew each time: what was printed may have to be printed again, when something behind it failed.
        self.denied = [0] * self._selected
        self.json, end = self._field.program.print(answer, start, Assembling(self._pages, self.denied, _NO_KEYS))
        return end


class Printing:
    """One request's answer, while it is printed.

    Attributes:
        reads: its statements.
    """

    __slots__ = ("_operation", "reads")

    def __init__(
        self, operation: PrintedOperation, values: Values, pages: Mapping[int, PageValues], selected: int
    ) -> None:
        """Nothing is sent yet.

        Args:
            operation: what is asked.
            values: where its parameters come from.
            pages: as in :class:`engine.assembly.Assembling`.
            selected: how many fields are selected in all.

        Raises:
            NoTextError: a parameter has to go by way of the driver.
        """
        self._operation = operation
        self.reads = [
            _PrintedRead(each, parameter_texts(each.parameters, values), pages, selected) for each in operation.fields
        ]

    def data(self) -> bytes:
        """The response's data, once all was read."""
        fields, after = self._operation.fields, self._operation.after
        if len(fields) == 1:
            return b"%b%b%b" % (fields[0].before, self.reads[0].json, after)
        parts = [part for field, read in zip(fields, self.reads, strict=True) for part in (field.before, read.json)]
        return b"".join((*parts, after))

    def counts(self) -> list[int]:
        """The objects that lack a field, by index of the field, once all was read."""
        if len(self.reads) == 1 and not self._operation.denied:
            return self.reads[0].denied
        counts = list(map(sum, zip(*(read.denied for read in self.reads), strict=True)))
        for index in self._operation.denied:
            counts[index] += 1
        return counts


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
            fields.append(PrintedField(before, planned.bare, planned.parameters, formats, planned.is_settled, program))
            between = b","
    return PrintedOperation(fields, between.removesuffix(b",") + b"}", denied) if fields else None
