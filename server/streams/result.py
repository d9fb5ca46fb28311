"""One answer as a stream carries it: the JSON of a GraphQL response, without an HTTP status."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from engine.result import Result


def result_json(result: Result) -> bytes:
    """The response. ``orjson`` writes no line breaks, which would end an event."""
    if result.data is None:
        return b'{"errors":%b}' % result.errors_as_json()
    if not result.errors:
        return b'{"data":%b}' % result.data
    return b'{"errors":%b,"data":%b}' % (result.errors_as_json(), result.data)
