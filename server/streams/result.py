"""One answer as a stream carries it: the JSON of a GraphQL response, without an HTTP status."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

if TYPE_CHECKING:
    from engine.result import Result


def result_json(result: Result) -> bytes:
    """The response. ``orjson`` writes no line breaks, which would end an event."""
    if result.data is None:
        return b'{"errors":%b}' % errors_json(result)
    if not result.errors:
        return b'{"data":%b}' % result.data
    return b'{"errors":%b,"data":%b}' % (errors_json(result), result.data)


def errors_json(result: Result) -> bytes:
    return orjson.dumps(result.errors, default=str)
