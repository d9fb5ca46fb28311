"""Which members and groups a search finds, in which order, and which of them a page shows.

The library's own evaluator decides what a filter and an order mean, so that no translation can mean something else. A
filter for one user name, external key or identifier, which is what providers ask before every write, reads one row.
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, cast

from scim2_models import InvalidCursorException, ScimFilter, SearchRequest, TooManyException
from scim2_models.path import CompareOperator, Comparison
from scim2_server.storage import SearchPage
from tortoise.expressions import Q

from auth.scim.comparison import folded
from auth.scim.identifier import identifier

if TYPE_CHECKING:
    from uuid import UUID

    from scim2_models import ResourceType

    from auth.scim.reading import Reading

# Beyond that a filter is asked to be narrower (RFC 7644, 3.12: tooMany) rather than read all members in Python.
SCANNED_ROWS: Final = 20_000
_CHUNK: Final = 100

Key = tuple[bool, Any, str]


async def search(
    reading: Reading,
    resource_types: list[ResourceType],
    request: SearchRequest[Any],
    position: Any,  # noqa: ANN401 - what JSON holds
) -> SearchPage:
    """One page.

    Raises:
        TooManyException: it would have to read too many rows.
        InvalidCursorException: ``position`` is none of ours.
    """
    descending = request.sort_by is not None and request.sort_order == SearchRequest.SortOrder.descending
    found: list[tuple[Key, ResourceType]] = []
    for resource_type in resource_types:
        found += [(key, resource_type) for key in await _keys(reading, resource_type, request)]
    found.sort(key=lambda pair: pair[0], reverse=descending)
    keys = [key for key, _ in found]
    if request.cursor is None:
        start = request.start_index_0 or 0
        stop = len(keys) if request.count is None else start + request.count
    elif request.count == 0:
        return SearchPage(len(keys), [])
    else:
        start, stop = _bounds(keys, position, request.count, descending=descending)
    page = SearchPage(len(keys), await _resources(reading, found[start:stop], request))
    if request.cursor is not None and start < stop:
        page.next = _position("next", keys[stop - 1]) if stop < len(keys) else None
        page.previous = _position("previous", keys[start]) if start > 0 else None
    return page


async def _keys(reading: Reading, resource_type: ResourceType, request: SearchRequest[Any]) -> list[Key]:
    bound = _bound_filter(reading, resource_type, request)
    rows = reading.rows(resource_type).filter(_narrowed(resource_type, bound))
    if bound is None and request.sort_by is None:
        ids = cast("list[tuple[UUID]]", await rows.values_list("id"))
        return [(True, "", str(row[0])) for row in ids]
    if await rows.count() > SCANNED_ROWS:
        raise TooManyException(detail="ask for less: by userName, externalId or id")
    keys: list[Key] = []
    last: UUID | None = None
    related = _needs_related(request)
    while chunk := await rows.filter(Q() if last is None else Q(id__gt=last)).order_by("id").limit(_CHUNK):
        for resource in await reading.resources(resource_type, chunk, related=related):
            if bound is None or bound.match(resource):
                value = request.sort_value(resource)
                keys.append((value is None, "" if value is None else value, str(resource.id)))
        last = chunk[-1].id
        await asyncio.sleep(0)  # others get their turn
    return keys


def _bound_filter(reading: Reading, resource_type: ResourceType, request: SearchRequest[Any]) -> ScimFilter[Any] | None:
    if request.filter is None:
        return None
    return cast("ScimFilter[Any]", cast("Any", ScimFilter)[reading.model(resource_type)](request.filter.ast))


def _narrowed(resource_type: ResourceType, bound: ScimFilter[Any] | None) -> Q:
    """A condition that everything that the filter matches fulfils; nothing more is promised."""
    node = None if bound is None else bound.ast
    if not isinstance(node, Comparison) or node.op != CompareOperator.eq or not isinstance(node.value, str):
        return Q()
    if "\0" in node.value:
        return Q(id__in=[])
    name = str(node.attr_path).rpartition(":")[2].casefold()
    if name == "id":
        key = identifier(node.value)
        return Q(id=key) if key else Q(id__in=[])
    if name == "externalid":
        return Q(external_id=node.value)
    if name == "username" and resource_type.id == "User":
        return Q(user_name_key=folded(node.value)) | Q(user_name__isnull=True)
    return Q()


def _needs_related(request: SearchRequest[Any]) -> bool:
    asked = f"{request.filter or ''} {request.sort_by or ''}".casefold()
    return "groups" in asked or "members" in asked


async def _resources(reading: Reading, found: list[tuple[Key, ResourceType]], request: SearchRequest[Any]) -> list[Any]:
    excluded = {str(path).rpartition(":")[2].casefold() for path in request.excluded_attributes or []}
    by_id: dict[str, Any] = {}
    for resource_type in {pair[1].id: pair[1] for pair in found}.values():
        ids = [key[2] for key, kind in found if kind is resource_type]
        rows = await reading.rows(resource_type).filter(id__in=ids)
        related = not excluded & {"members", "groups"}
        by_id |= {str(r.id): r for r in await reading.resources(resource_type, rows, related=related)}
    return [by_id[key[2]] for key, _ in found if key[2] in by_id]


def _bounds(keys: list[Key], position: Any, count: int | None, *, descending: bool) -> tuple[int, int]:  # noqa: ANN401 - see above
    if position is None:
        return 0, len(keys) if count is None else min(count, len(keys))
    direction, anchor = _read_position(position)
    before = sum(1 for key in keys if (key > anchor if descending else key < anchor))
    if direction == "next":
        start = before + (before < len(keys) and keys[before] == anchor)
        return start, len(keys) if count is None else min(start + count, len(keys))
    return 0 if count is None else max(before - count, 0), before


def _position(direction: str, key: Key) -> dict[str, Any]:
    missing, value, name = key
    kept = {"time": value.isoformat()} if isinstance(value, datetime) else {"value": value}
    return {"direction": direction, "missing": missing, "id": name, **kept}


def _read_position(position: Any) -> tuple[str, Key]:  # noqa: ANN401 - see above
    try:
        value = datetime.fromisoformat(position["time"]) if "time" in position else position["value"]
        return position["direction"], (position["missing"], value, position["id"])
    except (TypeError, KeyError, ValueError) as failure:
        raise InvalidCursorException from failure
