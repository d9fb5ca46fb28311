"""Answers in one write and bodies taken at once, by a real server and a socket of bytes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from server.http_protocol import BoundedHttpProtocol
from tests.server.wire import ACME_TOKEN, wire

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

BODY = b'{"query":"{ __typename }"}'
USUAL = f"""POST /graphql HTTP/1.1
Host: fieldgate.test
Authorization: Bearer {ACME_TOKEN}
Content-Type: application/json
Content-Length: {len(BODY)}
""".replace("\n", "\r\n").encode()


class Recorded(BoundedHttpProtocol):
    """Remembers how often a connection was written to."""

    writes: list[bytes]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        write = transport.write

        class Counted:
            def __getattr__(self, name: str) -> object:
                return getattr(transport, name)

            def write(self, data: bytes) -> None:
                Recorded.writes.append(bytes(data))
                write(data)

        self.transport = Counted()  # type: ignore[assignment]  # the part of one that is used


@pytest.fixture
async def address(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    monkeypatch.setattr(Recorded, "writes", [], raising=False)
    config = Config(wire().app, server_header=False, access_log=False, log_config=None)
    config.load()
    state = ServerState()
    state.default_headers = [(b"date", b"today")]
    serving = await asyncio.get_running_loop().create_server(
        lambda: Recorded(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with serving:
        yield serving.sockets[0].getsockname()[1]


async def ask(port: int, request: bytes, answers: int = 1) -> list[tuple[str, dict[str, str], bytes]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    found = []
    async with asyncio.timeout(10):
        for _ in range(answers):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            length = 0 if request.startswith(b"HEAD") else int(headers["content-length"])
            found.append((head[0], headers, await reader.readexactly(length)))
    writer.close()
    await writer.wait_closed()
    return found


async def test_the_usual_answer_is_one_write_and_says_what_every_other_says(address: int) -> None:
    ((status, headers, body),) = await ask(address, USUAL + b"X-Request-ID: mine\r\n\r\n" + BODY)
    assert len(Recorded.writes) == 1
    ((other_status, other_headers, other_body),) = await ask(
        address, USUAL + b"X-Request-ID: mine\r\nConnection: close\r\n\r\n" + BODY
    )
    assert len(Recorded.writes) == 3, "what is not usual is left to uvicorn"
    assert (status, body) == (other_status, other_body) == ("HTTP/1.1 200 OK", b'{"data":{"__typename":"Query"}}')
    assert headers == {name: value for name, value in other_headers.items() if name != "connection"}
    assert headers["x-request-id"] == "mine"
    assert headers["date"] == "today"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"


async def test_answers_to_requests_sent_at_once_come_in_their_order(address: int) -> None:
    requests = b"".join(USUAL + b"X-Request-ID: %d\r\n\r\n" % number + BODY for number in range(5))
    answers = await ask(address, requests, answers=5)
    assert [headers["x-request-id"] for _, headers, _ in answers] == ["0", "1", "2", "3", "4"]


async def test_head_gets_no_body(address: int) -> None:
    ((status, headers, _),) = await ask(address, USUAL.replace(b"POST", b"HEAD") + b"\r\n" + BODY)
    assert status == "HTTP/1.1 405 Method Not Allowed"
    assert b"".join(Recorded.writes).endswith(b"\r\n\r\n")
    assert int(headers["content-length"]) > 0


async def test_a_refusal_with_headers_of_its_own_keeps_them(address: int) -> None:
    request = USUAL.replace(ACME_TOKEN.encode(), b"x" * len(ACME_TOKEN))
    ((status, headers, _),) = await ask(address, request + b"\r\n" + BODY)
    assert status == "HTTP/1.1 401 Unauthorized"
    assert headers["www-authenticate"].startswith("Bearer")
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_body_that_comes_later_is_waited_for(address: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", address)
    for part in (USUAL + b"\r\n", BODY[:5], BODY[5:]):
        writer.write(part)
        await asyncio.sleep(0.1)
    async with asyncio.timeout(10):
        assert (await reader.readline()).startswith(b"HTTP/1.1 200")
    writer.close()


async def test_a_body_in_chunks_is_taken_and_one_that_is_too_long_is_not(address: int) -> None:
    chunked = b"\r\n".join(line for line in USUAL.splitlines() if b"Length" not in line) + b"\r\n"
    for body, status in ((BODY, "HTTP/1.1 200 OK"), (BODY + b" " * 2_000_000, "HTTP/1.1 413 Request Entity Too Large")):
        sent = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
        ((seen, _, _),) = await ask(address, chunked + sent)
        assert seen.split()[1] == status.split()[1]
