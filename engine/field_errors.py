"""What went wrong with one field, as an entry of the response's ``errors``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from errors import ErrorCode, error

if TYPE_CHECKING:
    from graphql import GraphQLError

_log = structlog.get_logger()


def positioned(problem: GraphQLError, request_id: str) -> tuple[int, dict[str, object]]:
    """The entry, with the position in the document that it belongs to.

    Our own errors and those about the request are told as they are. Everything else is masked, and logged.
    """
    position = problem.nodes[0].loc.start if problem.nodes and problem.nodes[0].loc else 0
    entry = _answer(problem, request_id)
    if problem.locations:
        entry["locations"] = [{"line": each.line, "column": each.column} for each in problem.locations]
    if problem.path:
        entry["path"] = problem.path
    return position, entry


def _answer(problem: GraphQLError, request_id: str) -> dict[str, object]:
    extensions = dict(problem.extensions or {})
    if extensions.get("code") in set(ErrorCode):
        return {"message": problem.message, "extensions": extensions}
    _log.error("resolver failed", exc_info=problem.original_error or problem, request_id=request_id)
    return error("Something went wrong on our side.", ErrorCode.INTERNAL_SERVER_ERROR, requestId=request_id)
