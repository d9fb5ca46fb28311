"""A browser that does next to nothing, so that it leaves the processors to the server that is measured."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from types import TracebackType

    from tests.acceptance.visitor import Sending

_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server has sent.

    Attributes:
        location: where it sends one on to; empty: nowhere.
    """

    status: int
    body: bytes
    location: str


@dataclass
class LightBrowser:
    """One person's browser at our server alone: one connection, opened beforehand, and cookies.

    Attributes:
        origin: of the server, by plain http.
        seconds: for how long the server has been waited for: from where a request begins to the end of its answer.
    """

    origin: str
    seconds: float = 0.0
    _cookies: dict[str, str] = field(default_factory=dict)
    _reader: asyncio.StreamReader = field(init=False)
    _writer: asyncio.StreamWriter = field(init=False)

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._hang_up()

    async def connect(self) -> None:
        """Take a new connection; the one before is over."""
        if hasattr(self, "_writer"):
            await self._hang_up()
        address = urlsplit(self.origin)
        self._reader, self._writer = await asyncio.open_connection(address.hostname, address.port)

    async def go(self, sending: Sending) -> Answer:
        """Go where one is sent."""
        if sending.values is None:
            return await self._ask("GET", sending.address, b"", "")
        extra = f"origin: {sending.origin}\r\ncontent-type: application/x-www-form-urlencoded\r\n"
        return await self._ask("POST", sending.address, urlencode(sending.values).encode(), extra)

    async def _hang_up(self) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def _ask(self, method: str, address: str, body: bytes, extra: str) -> Answer:
        cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        head = (
            f"{method} {address.removeprefix(self.origin)} HTTP/1.1\r\nhost: {urlsplit(self.origin).netloc}\r\n"
            f"cookie: {cookies}\r\n{extra}content-length: {len(body)}\r\n\r\n"
        )
        began = time.perf_counter()
        self._writer.write(head.encode() + body)
        status, headers = _head(await self._reader.readuntil(_HEAD_END))
        length = next(int(value) for name, value in headers if name == "content-length")
        content = await self._reader.readexactly(length)
        self.seconds += time.perf_counter() - began
        for name, value in headers:
            if name == "set-cookie":
                cookie, _, kept = value.partition(";")[0].partition("=")
                self._cookies[cookie] = kept
        return Answer(status, content, next((value for name, value in headers if name == "location"), ""))


def _head(head: bytes) -> tuple[int, list[tuple[str, str]]]:
    first, *lines = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return int(first.split()[1]), [(name.lower(), value.strip()) for name, _, value in pairs]
