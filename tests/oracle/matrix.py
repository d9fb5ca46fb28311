"""What each field may show to whom, and what may be sent to show it. Made from the schema."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from graphql import GraphQLObjectType, get_named_type

from auth.permissions import PUBLIC
from engine.request import Request
from schema.build import build_schema
from schema.declarations import Declarations
from schema.rules import FromColumn, FromColumns, FromSameRow
from tests.oracle.paths import Paths
from tests.oracle.recording import recorded_sql
from tests.oracle.rights import Rights

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tortoise.models import Model

    from auth.viewer import Viewer
    from schema.rules import TypeRule
    from tests.oracle.comparison import Comparison
    from tests.oracle.tenant_rows import TenantRows

DECLARATIONS: Final = Declarations(build_schema()._schema)  # noqa: SLF001 - Strawberry has no public name for it
PATHS: Final = Paths(DECLARATIONS)


def fields_of(type_name: str) -> list[str]:
    """The names of the fields of an object type."""
    type_ = DECLARATIONS.schema.type_map[type_name]
    assert isinstance(type_, GraphQLObjectType)
    return [*type_.fields]


COORDINATES: Final = [(type_name, name) for type_name in PATHS.shortest for name in fields_of(type_name)]


def columns_of(type_name: str, field_name: str) -> Iterator[str]:
    """The columns that a field shows."""
    origin = DECLARATIONS.field(type_name, field_name).origin
    if isinstance(origin, FromColumn):
        yield origin.column
    if isinstance(origin, FromColumns):
        yield from origin.columns
    if isinstance(origin, FromSameRow):
        type_ = DECLARATIONS.schema.type_map[type_name]
        assert isinstance(type_, GraphQLObjectType)
        inner = get_named_type(type_.fields[field_name].type).name
        for name in fields_of(inner):
            yield from columns_of(inner, name)


def holder_of(type_name: str) -> TypeRule | None:
    """The row that objects of a type are made of; for a part of a row, that of the object around it."""
    own = DECLARATIONS.row_type(type_name)
    if own is not None:
        return own
    for name in DECLARATIONS.row_types():
        type_ = DECLARATIONS.schema.type_map[name]
        assert isinstance(type_, GraphQLObjectType)
        for field, definition in type_.fields.items():
            same_row = isinstance(DECLARATIONS.field(name, field).origin, FromSameRow)
            if same_row and get_named_type(definition.type).name == type_name:
                return DECLARATIONS.row_type(name)
    return None


def hidden_values(rows: TenantRows, viewer: Viewer, type_name: str, field_name: str) -> set[bytes]:
    """The values of a field that no row shows to a viewer, as far as they are long enough to be recognised."""
    holder, rule = holder_of(type_name), DECLARATIONS.field(type_name, field_name)
    if holder is None:
        return set()
    rights = Rights(rows, DECLARATIONS, viewer.grants)

    def is_shown(model: type[Model], row: dict[str, Any]) -> bool:
        denied = rights.is_denied_whatever_the_row(rule, holder)
        return not denied and rights.exists(model, row) and rights.holds(rule.requires, model, row)

    shown: set[str] = set()
    hidden: set[str] = set()
    for row in rows.tables[holder.model]:
        values = {str(row[column]) for column in columns_of(type_name, field_name) if row[column] is not None}
        (shown if is_shown(holder.model, row) else hidden).update(values)
    # What the ids of the path or the name of the persona would hold by chance is not recognised.
    return {value.encode() for value in hidden - shown if len(value) > 6 and value.isascii() and value.isalnum()}


async def check_field(comparison: Comparison, viewer: Viewer, type_name: str, field_name: str) -> None:
    """That a field shows what it must to a viewer and no more, and that no statement asks for more."""
    document = PATHS.shortest[type_name]
    selected = Request(document.replace("%", f"__typename {PATHS.selecting(type_name, field_name)}"), "matrix")
    with recorded_sql() as statements:
        answer = await comparison.agreed(selected, viewer)
    body = answer.data or b""
    for value in hidden_values(comparison.rows, viewer, type_name, field_name):
        assert value not in body, value
    rights = Rights(comparison.rows, DECLARATIONS, viewer.grants)
    rule, columns = DECLARATIONS.field(type_name, field_name), set(columns_of(type_name, field_name))
    if rights.is_denied_whatever_the_row(rule, holder_of(type_name)):
        with recorded_sql() as without:
            await comparison.engine.execute(Request(document.replace("%", "__typename"), "matrix"), viewer)
        assert statements == without
        for column in columns:
            assert f'"{column}"' not in " ".join(statements)
    elif not _is_settled(type_name, field_name, viewer):
        for column in columns:
            for place in re.finditer(rf'\S+ t\d+\."{column}"', " ".join(statements)):
                assert place[0].startswith(("THEN ", "AND ", "WHERE ", "BY ", "(SELECT ")), place[0]


def _is_settled(type_name: str, field_name: str, viewer: Viewer) -> bool:
    """Whether the row's being there has settled that the field may be read."""
    requires, holder = DECLARATIONS.field(type_name, field_name).requires, holder_of(type_name)
    if holder is None or requires in {"PUBLIC", holder.requires} or requires in viewer.grants.everywhere:
        return True
    if holder.requires == "PUBLIC" or holder.requires in viewer.grants.everywhere:
        return False
    # Rows are there in some units only, and the field may be read in all of these.
    units = viewer.grants.in_units
    return units.get(holder.requires, frozenset()) <= units.get(requires, frozenset())


def guarded_fields() -> Iterator[tuple[str, str]]:
    """The fields of rows that ask for more than their row does."""
    for type_name, field_name in COORDINATES:
        rule, row = DECLARATIONS.field(type_name, field_name), DECLARATIONS.row_type(type_name)
        if row is not None and rule.requires not in {PUBLIC, row.requires} and [*columns_of(type_name, field_name)]:
            yield type_name, field_name
