"""The closed list of error codes, and the one shape in which an error leaves the server."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """``errors[].extensions.code``. Clients program against these; they are added to, never renamed."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    BAD_USER_INPUT = "BAD_USER_INPUT"
    GRAPHQL_PARSE_FAILED = "GRAPHQL_PARSE_FAILED"
    GRAPHQL_VALIDATION_FAILED = "GRAPHQL_VALIDATION_FAILED"
    OPERATION_LIMIT_EXCEEDED = "OPERATION_LIMIT_EXCEEDED"
    PERSISTED_QUERY_NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
    OPERATION_NOT_GRANTED = "OPERATION_NOT_GRANTED"
    RATE_LIMITED = "RATE_LIMITED"
    CONFLICT = "CONFLICT"
    INTERNAL_SERVER_ERROR = "INTERNAL_SERVER_ERROR"


def error(message: str, code: ErrorCode, **extensions: object) -> dict[str, object]:
    """An entry of a response's ``errors`` list."""
    return {"message": message, "extensions": {"code": code.value, **extensions}}
