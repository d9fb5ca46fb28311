"""A request that is refused before, or instead of, being executed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Mapping


class RequestRefusedError(Exception):
    """Answered with ``status`` and one entry in ``errors``; nothing was executed.

    Attributes:
        status: the HTTP status.
        headers: response headers that the status asks for, such as ``Allow`` with 405.
        error: the entry of the response's ``errors`` list.
    """

    def __init__(self, status: int, entry: dict[str, object], headers: Mapping[str, str] | None = None) -> None:
        super().__init__(status, entry["message"])
        self.status = status
        self.error = entry
        self.headers = dict(headers or {})


def refuse(
    status: int,
    message: str,
    code: ErrorCode = ErrorCode.BAD_USER_INPUT,
    *,
    headers: Mapping[str, str] | None = None,
    **extensions: object,
) -> NoReturn:
    """Stop here and answer with ``status``.

    Raises:
        RequestRefusedError: always.
    """
    raise RequestRefusedError(status, error(message, code, **extensions), headers) from None
