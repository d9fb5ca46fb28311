"""Reading a request's body without letting its sender decide how much memory it takes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, NoReturn

from starlette.requests import ClientDisconnect

from errors import ErrorCode
from server.refusal import refuse

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

    from starlette.datastructures import Headers
    from starlette.types import Receive

BODY_SECONDS: Final = 30

# Sent with a refusal of a body that was not read to its end: what is left of it need not be read to be thrown away.
_CLOSE: Final = {"connection": "close"}


def check_body_headers(headers: Headers, limit: int) -> None:
    """Refuse what the headers alone give away, before anything is read.

    Only ``application/json`` is taken. A form's media types are "simple requests", which a browser sends across origins
    without asking first, with cookies; JSON is not, and that is the first line against request forgery. Compressed
    bodies are not taken at all: their size is not known until they have been unpacked.

    Raises:
        RequestRefusedError: 415 for another media type, charset or any content coding; 413 for a declared length
            beyond ``limit`` bytes.
    """
    content_type = headers.get("content-type", "")
    if content_type != "application/json" and not _is_json(content_type):
        message = "The body must be application/json in UTF-8, and the Content-Type header must say so."
        refuse(415, message, headers={"accept-post": "application/json"})
    if headers.get("content-encoding", "identity").lower() != "identity":
        refuse(415, "Compressed bodies are not accepted.", headers={"accept-encoding": "identity"})
    declared = headers.get("content-length", "0")
    if not (declared.isascii() and declared.isdecimal()) or len(declared) > len(str(limit)) or int(declared) > limit:
        _refuse_size(limit)


async def read_body(receive: Receive, limit: int, *, seconds: float = BODY_SECONDS) -> bytes:
    """The whole body, counted while it arrives: a chunked request declares no length.

    Raises:
        RequestRefusedError: 413 as soon as it exceeds ``limit`` bytes; 408 when it takes longer than ``seconds``.
        ClientDisconnect: the client went away.
    """
    reading = _read(receive, limit)
    try:
        # Nearly every body has come along with its headers. It is read at once, without setting an alarm.
        waits_for = reading.send(None)
    except StopIteration as read:
        body: bytes = read.value
        return body
    try:
        async with asyncio.timeout(seconds):
            return await _Rest(reading, waits_for)
    except TimeoutError:
        refuse(408, "The body took too long to arrive.", headers=_CLOSE)


class _Rest:
    """What is left of a coroutine that has begun, to be awaited.

    Args:
        begun: the coroutine.
        waits_for: the future that it has come to wait for.
    """

    def __init__(self, begun: Coroutine[object, None, bytes], waits_for: object) -> None:
        self._begun = begun
        self._waits_for = waits_for

    def __await__(self) -> Generator[object, None, bytes]:
        try:
            yield self._waits_for
        except BaseException:
            self._begun.close()
            raise
        return (yield from self._begun.__await__())


async def _read(receive: Receive, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > limit:
            _refuse_size(limit)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return b"".join(chunks)


def _refuse_size(limit: int) -> NoReturn:
    refuse(413, f"The body is larger than {limit} bytes.", ErrorCode.OPERATION_LIMIT_EXCEEDED, headers=_CLOSE)


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip() for part in content_type.lower().split(";"))
    charsets = [value.strip(' "') for key, _, value in map(_split, parameters) if key.strip() == "charset"]
    return media_type == "application/json" and all(charset in {"utf-8", "utf8"} for charset in charsets)


def _split(parameter: str) -> tuple[str, str, str]:
    return parameter.partition("=")
