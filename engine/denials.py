"""What the caller may not see, said once for each selected field and never once for each row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.decision import FieldState
from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

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


def denials(
    deniable: Sequence[SelectedField], decision: Decision, counts: Sequence[int]
) -> list[tuple[int, dict[str, object]]]:
    """A ``FORBIDDEN`` error for each selected field that is denied, or that some rows lack, with its position.

    A denied field is reported even when no object was there to lack it: whether it is denied does not depend on data.
    Below an interface that cannot be said before the object is known, so there it takes an object.

    Args:
        deniable: what may be denied.
        decision: about the operation.
        counts: objects that lack the field, by index of the selected field.
    """
    return [
        (field.position, _denial(field, counts[field.index]))
        for field in deniable
        if counts[field.index] or (decision.fields[field.index] is FieldState.DENIED and not field.in_abstract)
    ]


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
    entry["locations"] = [
        {"line": node.loc.start_token.line, "column": node.loc.start_token.column}
        for node in field.nodes
        if node.loc is not None
    ]
    if not field.in_list:
        entry["path"] = list(field.path)
    return entry
