"""The ``FORBIDDEN`` errors that belong to an answer: one for each selected field, however many rows lack it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import get_named_type

from schema.rules import FromSameRow

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from schema.declarations import Declarations
    from schema.rules import TypeRule
    from tests.oracle.rights import Rights
    from tests.oracle.selected import Selected, Walk


def denials(
    walk: Walk, declarations: Declarations, rights: Rights, denied: Mapping[tuple[tuple[str, ...], str], int]
) -> list[dict[str, object]]:
    """The errors, in the order in which the document first names each field."""
    found = list(_denied(walk, declarations, rights, denied, None, None))
    found.sort(key=lambda each: each[0])
    return [entry for _, entry in found]


def _denied(  # noqa: PLR0913, PLR0917 - a walk and what it carries along
    walk: Walk,
    declarations: Declarations,
    rights: Rights,
    denied: Mapping[tuple[tuple[str, ...], str], int],
    parent: Selected | None,
    holder: TypeRule | None,
) -> Iterator[tuple[int, dict[str, object]]]:
    for selected in walk.root() if parent is None else walk.below(parent):
        if selected.name.startswith("__"):
            continue
        row_type = declarations.row_type(selected.type_name) or holder
        rule = declarations.field(selected.type_name, selected.name)
        count = denied.get((selected.path, selected.type_name), 0)
        always = rights.is_denied_whatever_the_row(rule, row_type)
        if count or (always and not selected.in_abstract):
            yield _entry(selected, str(rule.requires), count)
        if not always and hasattr(get_named_type(selected.definition.type), "fields"):
            inner = row_type if isinstance(rule.origin, FromSameRow) else None
            yield from _denied(walk, declarations, rights, denied, selected, inner)


def _entry(selected: Selected, permission: str, count: int) -> tuple[int, dict[str, object]]:
    places = [node.loc for node in selected.nodes if node.loc is not None]
    entry: dict[str, object] = {
        "message": f"You may not read {selected.coordinate}.",
        "extensions": {
            "code": "FORBIDDEN",
            "field": selected.coordinate,
            "permission": permission,
            "selection": ".".join(selected.path),
            "rows": count,
        },
        "locations": [{"line": each.start_token.line, "column": each.start_token.column} for each in places],
    }
    if not selected.in_list:
        entry["path"] = list(selected.path)
    return places[0].start, entry
