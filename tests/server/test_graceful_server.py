"""The server as a process: how it starts, and how it stops."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx2
import pytest

from server.http_protocol import MAXIMUM_HEAD_BYTES
from server.listening import ListenError, listen
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

ROOT = Path(__file__).parent.parent.parent


class Process:
    """A running ``tests.server.stopping``."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self.process = process
        self.port = port
        self.url = f"http://127.0.0.1:{port}"

    async def says(self, expected: str) -> None:
        """Wait for a line, passing over the log's."""
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            if line.decode().strip() == expected:
                return
        pytest.fail(f"the process never said {expected!r}")

    async def rest(self) -> list[str]:
        """What it says until it ends, without the log's lines."""
        output, _ = await self.process.communicate()
        known = {"closed", "returned", "request begun", "request cleaned up"}
        return [line for line in output.decode().splitlines() if line in known]

    async def is_ready(self) -> int:
        async with httpx2.AsyncClient() as client:
            return (await client.get(f"{self.url}/readyz")).status_code

    async def refuses_connections(self) -> None:
        """Returns once it does; the test's own timeout is the bound."""
        with contextlib.suppress(httpx2.HTTPError):
            while True:
                await self.is_ready()
                await asyncio.sleep(0.05)


@contextlib.asynccontextmanager
async def running(*, drain: int = 0, grace: int = 20) -> AsyncIterator[Process]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tests.server.stopping", f"127.0.0.1:{port}", str(drain), str(grace)),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    started = Process(process, port)
    try:
        await started.says("opened")
        yield started
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
async def test_a_running_request_is_answered_before_the_process_ends(sent: signal.Signals) -> None:
    async with running() as server, httpx2.AsyncClient() as client:
        answer = asyncio.create_task(client.get(f"{server.url}/slow", params={"seconds": 1}))
        await server.says("request begun")
        server.process.send_signal(sent)
        assert (await answer).text == "done"
        assert await server.rest() == ["closed", "returned"]
        assert server.process.returncode == 0


async def test_the_server_says_that_it_is_not_ready_while_it_still_answers() -> None:
    async with running(drain=60) as server:
        assert await server.is_ready() == 200
        server.process.send_signal(signal.SIGTERM)
        assert await server.is_ready() == 503
        async with httpx2.AsyncClient() as client:
            assert (await client.get(f"{server.url}/livez")).status_code == 200
        # A second signal ends the drain, which would have taken a minute.
        server.process.send_signal(signal.SIGTERM)
        assert await server.rest() == ["closed", "returned"]


async def test_what_overruns_its_grace_is_cut_off_and_cleans_up_before_the_pool_is_closed() -> None:
    async with running(grace=1) as server, httpx2.AsyncClient() as client:
        answer = asyncio.create_task(client.get(f"{server.url}/slow", params={"seconds": 60}))
        await server.says("request begun")
        server.process.send_signal(signal.SIGTERM)
        assert await server.rest() == ["request cleaned up", "closed", "returned"]
        assert (await answer).status_code == 503


async def test_new_connections_are_refused_while_the_last_requests_finish() -> None:
    async with running() as server, httpx2.AsyncClient() as client:
        answer = asyncio.create_task(client.get(f"{server.url}/slow", params={"seconds": 2}))
        await server.says("request begun")
        server.process.send_signal(signal.SIGTERM)
        await server.refuses_connections()
        assert (await answer).text == "done"


async def test_a_head_without_end_is_refused() -> None:
    async with running() as server:
        for start in (
            b"GET /livez HTTP/1.1\r\nhost: x\r\na: ",
            b"GET /",
            b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 99,
        ):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(start)
            with contextlib.suppress(ConnectionError):
                for _ in range(4 * MAXIMUM_HEAD_BYTES // 4096):
                    writer.write(b"x" * 4096)
                    await writer.drain()
            with contextlib.suppress(ConnectionError):
                assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
            writer.close()
        assert await server.is_ready() == 200


async def test_a_usual_head_and_a_large_body_are_not_mixed_up() -> None:
    async with running() as server, httpx2.AsyncClient() as client:
        for _ in range(3):
            response = await client.post(f"{server.url}/slow", content=b"x" * (3 * MAXIMUM_HEAD_BYTES))
            assert response.status_code == 405
            large = await client.get(f"{server.url}/livez", headers={"a": "x" * 40_000})
            assert large.status_code == 200


async def test_a_connection_is_closed_when_it_has_idled_for_five_seconds_and_not_while_it_waits_for_an_answer() -> None:
    async with running() as server:
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        loop = asyncio.get_running_loop()
        for path, body in ((b"/livez", b""), (b"/slow?seconds=5.5", b"done"), (b"/livez", b"")):
            writer.write(b"GET %b HTTP/1.1\r\nhost: x\r\n\r\n" % path)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 ")
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            assert (await reader.readexactly(length)).endswith(body)
            answered = loop.time()
        assert await reader.read() == b""
        assert 4 < loop.time() - answered < 8
        writer.close()


def test_a_taken_address_is_one_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(ListenError, match=f"^The address {address} is taken by another program. Choose another "):
            listen(address)


@pytest.mark.parametrize(
    "address", ["", "8000", ":8000", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", "no host:1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ListenError):
        listen(address)


def test_an_ipv6_address_stands_in_brackets() -> None:
    with listen("[::1]:0") as listening:
        assert listening.family == socket.AF_INET6
