"""What the oracle's resolvers hand on: rows in the clothes of Strawberry's types, and pages of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from graphql import GraphQLObjectType
    from tortoise.models import Model

    from tests.oracle.tenant_rows import Row

_DEFINITION: Final = "strawberry-definition"
_ROW: Final = "oracle_row"


def made(type_: GraphQLObjectType, model: type[Model], row: Row) -> object:
    """An instance of the Python class behind an object type, so that interfaces find their type by it."""
    instance: object = object.__new__(type_.extensions[_DEFINITION].origin)
    instance.__dict__[_ROW] = (model, row)
    return instance


def row_of(source: object) -> tuple[type[Model], Row] | tuple[None, None]:
    """The row that an object was made of, if it was."""
    found: tuple[type[Model], Row] | None = getattr(source, "__dict__", {}).get(_ROW)
    return (None, None) if found is None else found


@dataclass(frozen=True)
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None
    end_cursor: str | None


@dataclass(frozen=True)
class Edge:
    cursor: str
    node: object


@dataclass(frozen=True)
class Connection:
    edges: Sequence[Edge]
    nodes: Sequence[object]
    page_info: PageInfo
    total_count: int


@dataclass(frozen=True)
class ViewerAnswer:
    member_id: UUID
    full_name: str
    email: str
    tenant: str
    permissions: Sequence[str]
    personal_access_tokens: Sequence[object]
    sessions: Sequence[object]
