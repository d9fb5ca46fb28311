"""What the caller may not see, said once for each selected field and never once for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.decision import FieldState
from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from engine.decision import Decision
    from engine.selection import OperationSelection, SelectedField, Selection


def denials(
    selection: OperationSelection, decision: Decision, counts: Sequence[int]
) -> Iterator[tuple[SelectedField, dict[str, object]]]:
    """A ``FORBIDDEN`` error for each selected field that is denied, or that some rows lack.

    A denied field is reported even when no object was there to lack it: whether it is denied does not depend on data.
    Below an interface that cannot be said before the object is known, so there it takes an object.

    Args:
        selection: the operation.
        decision: about it.
        counts: objects that lack the field, by index of the selected field.
    """
    for field in _reachable(selection.root, decision):
        denied = decision.fields[field.index] is FieldState.DENIED
        if counts[field.index] or (denied and not field.in_abstract):
            yield field, _denial(field, counts[field.index])


def _reachable(selection: Selection, decision: Decision) -> Iterator[SelectedField]:
    for field in selection.fields:
        yield field
        if decision.fields[field.index] is not FieldState.DENIED:
            for child in field.children.values():
                yield from _reachable(child, decision)


def _denial(field: SelectedField, count: int) -> dict[str, object]:
    requires = "" if field.rule is None else str(field.rule.requires)
    entry = error(
        f"You may not read {field.coordinate}.",
        ErrorCode.FORBIDDEN,
        field=field.coordinate,
        permission=requires,
        selection=".".join(field.path),
        rows=count,
    )
    entry["locations"] = locations(field)
    if not field.in_list:
        entry["path"] = list(field.path)
    return entry


def locations(field: SelectedField) -> list[dict[str, int]]:
    """Where the document selects a field."""
    return [
        {"line": node.loc.start_token.line, "column": node.loc.start_token.column}
        for node in field.nodes
        if node.loc is not None
    ]
