"""What the caller may not see, said once for each selected field and never once for each row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import orjson

from engine.decision import FieldState
from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from engine.decision import Decision
    from engine.selection import SelectedField, Selection


def may_be_denied(selection: Selection, decision: Decision) -> Iterator[SelectedField]:
    """The fields that are denied, or that some row may lack, in the order of the document."""
    for field in selection.fields:
        state = decision.fields[field.index]
        if state is not FieldState.ALLOWED:
            yield field
        if state is not FieldState.DENIED:
            for child in field.children.values():
                yield from may_be_denied(child, decision)


@dataclass(frozen=True, slots=True)
class Deniable:
    """A field that is denied, or that some row may lack, and the error that says so.

    Attributes:
        index: of the field.
        position: of the error among the others.
        always: whether it is denied whatever objects there are.
        entry: the error, but for the number of rows.
        extensions: of the error, the same.
    """

    index: int
    position: int
    always: bool
    entry: Mapping[str, object]
    extensions: Mapping[str, object]


def deniable(selection: Selection, decision: Decision) -> list[Deniable]:
    """What may be denied of an operation, in the order of the document."""
    return [
        Deniable(
            index=field.index,
            position=field.position,
            # Below an interface that cannot be said before the object is known, so there it takes an object.
            always=decision.fields[field.index] is FieldState.DENIED and not field.in_abstract,
            entry=(entry := _denial(field)),
            extensions=cast("dict[str, object]", entry["extensions"]),
        )
        for field in may_be_denied(selection, decision)
    ]


def denials(deniable: Sequence[Deniable], counts: Sequence[int]) -> list[tuple[int, dict[str, object]]]:
    """A ``FORBIDDEN`` error for each selected field that is denied, or that some rows lack, with its position.

    A denied field is reported even when no object was there to lack it: whether it is denied does not depend on data.

    Args:
        deniable: what may be denied.
        counts: objects that lack the field, by index of the selected field.
    """
    return [
        (each.position, {**each.entry, "extensions": {**each.extensions, "rows": count}})
        for each in deniable
        if (count := counts[each.index]) or each.always
    ]


class SaidDenials:
    """The errors of an operation that lacks nothing but what is denied, as they are said.

    Requests of one decided operation nearly always lack the same in the same number of rows, the first time as the
    thousandth, and to put the same errors together again took longer than to print the row that they are about.

    Attributes:
        counts: objects that lack a field, by index of the selected field.
        errors: in the order of the document. Nobody may change them.
        as_json: the list of them.
    """

    __slots__ = ("as_json", "counts", "errors")

    def __init__(self, deniable: Sequence[Deniable], counts: Sequence[int]) -> None:
        """Put them together for some counts."""
        self.counts = counts
        self.errors = tuple(entry for _, entry in sorted(denials(deniable, counts), key=lambda each: each[0]))
        self.as_json = orjson.dumps(self.errors)


def _denial(field: SelectedField) -> dict[str, object]:
    requires = "" if field.rule is None else str(field.rule.requires)
    entry = error(
        f"You may not read {field.coordinate}.",
        ErrorCode.FORBIDDEN,
        field=field.coordinate,
        permission=requires,
        selection=".".join(field.path),
        rows=0,
    )
    entry["locations"] = [
        {"line": node.loc.start_token.line, "column": node.loc.start_token.column}
        for node in field.nodes
        if node.loc is not None
    ]
    if not field.in_list:
        entry["path"] = list(field.path)
    return entry
