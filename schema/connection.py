"""Relay connections (Cursor Connections Specification), forward only."""

from __future__ import annotations

from typing import Generic, TypeVar

import strawberry

from auth.permissions import PUBLIC
from schema.fields import field

Item = TypeVar("Item")


@strawberry.type
class PageInfo:
    has_next_page: bool = field(requires=PUBLIC, attribute=True)
    has_previous_page: bool = field(requires=PUBLIC, attribute=True)
    start_cursor: str | None = field(requires=PUBLIC, attribute=True)
    end_cursor: str | None = field(requires=PUBLIC, attribute=True)


@strawberry.type
class Edge(Generic[Item]):
    cursor: str = field(requires=PUBLIC, attribute=True)
    node: Item = field(requires=PUBLIC, attribute=True)


@strawberry.type
class Connection(Generic[Item]):
    edges: list[Edge[Item]] = field(requires=PUBLIC, attribute=True)
    nodes: list[Item] = field(requires=PUBLIC, attribute=True, description="The edges' nodes, without the edges.")
    page_info: PageInfo = field(requires=PUBLIC, attribute=True)
    total_count: int = field(
        requires=PUBLIC, attribute=True, description="How many there are in reach, under the filter, on all pages."
    )
