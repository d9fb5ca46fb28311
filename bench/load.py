"""The load: a process of its own that keeps connections busy and counts complete answers.

Reads its orders from standard input and writes what it saw to standard output, both JSON. Each connection has one
request outstanding. Requests are encoded beforehand, and of an answer nothing is read but its status and its length,
so that the load stays far cheaper than any server; how much of its core it took is part of what it reports.
"""

from __future__ import annotations

import asyncio
import hashlib
import sys
import time
from array import array
from base64 import b64decode
from typing import TYPE_CHECKING, Final, cast

import orjson
import uvloop

from bench.processes import backends_of, cpu_nanoseconds, spent, tree_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_HEAD_END: Final = b"\r\n\r\n"
_LENGTH: Final = b"content-length:"
_SHOWN_CHARACTERS: Final = 2_000


class WrongAnswerError(Exception):
    """An answer that is no success. There is nothing to measure where work is not done."""


class CountedRequest:
    """A request that holds a number, one more each time that it succeeded (the version of a row that it changes).

    The answer has to hold the next number, so a refused change is never counted.
    """

    def __init__(self, before: bytes, after: bytes, number: int) -> None:
        self._before = before
        self._after = after
        self._number = number

    def encoded(self) -> bytes:
        """Blanks before a number mean nothing in JSON, so the length stays the same."""
        return b"%b%8d%b" % (self._before, self._number, self._after)

    def succeeded(self, body: bytes) -> bool:
        self._number += 1
        return b'"version":%d' % self._number in body


class Load:
    """What all connections share.

    Attributes:
        requests: each an encoded request, or one that counts.
        latencies: nanoseconds, by request.
        answers: hash of each request's first answer.
    """

    def __init__(self, requests: Sequence[bytes | CountedRequest]) -> None:
        self.requests = requests
        self.latencies = [array("Q") for _ in requests]
        self.answers: dict[int, str] = {}
        self.measuring = False
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def fail(self, problem: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(problem)


class Connection(asyncio.Protocol):
    """One connection: writes a request, waits for the whole answer, and goes on."""

    def __init__(self, load: Load, stream: Sequence[int]) -> None:
        self._load = load
        self._stream = stream
        self._position = 0
        self._received = bytearray()
        self._expected = 0
        self._head = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def _send(self) -> None:
        self._index = self._stream[self._position % len(self._stream)]
        self._position += 1
        request = self._load.requests[self._index]
        self._started = time.perf_counter_ns()
        self._transport.write(request if isinstance(request, bytes) else request.encoded())

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._expected:
            end = self._received.find(_HEAD_END)
            if end < 0:
                return
            self._head = end + len(_HEAD_END)
            self._expected = self._head + self._length(end)
        if len(self._received) >= self._expected:
            self._complete()

    def _length(self, end: int) -> int:
        start = self._received.find(_LENGTH, 0, end)
        if start < 0:
            start = self._received[:end].lower().find(_LENGTH)
        if start < 0:
            self._load.fail(WrongAnswerError("an answer without a content-length"))
            return sys.maxsize
        return int(self._received[start + len(_LENGTH) : end].split(b"\r", 1)[0])

    def _complete(self) -> None:
        elapsed = time.perf_counter_ns() - self._started
        load, index = self._load, self._index
        request = load.requests[index]
        # "HTTP/1.1 2"
        if self._received[9] != 0x32 or not (
            isinstance(request, bytes) or request.succeeded(bytes(self._received[self._head :]))
        ):
            load.fail(WrongAnswerError(self._received.decode(errors="replace")[:_SHOWN_CHARACTERS]))
            return
        if load.measuring:
            load.latencies[index].append(elapsed)
        if index not in load.answers:
            load.answers[index] = hashlib.sha256(self._received[self._head :]).hexdigest()
        self._received.clear()
        self._expected = 0
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        self._load.fail(exc or WrongAnswerError("the server closed a connection"))


async def run(orders: Mapping[str, object]) -> dict[str, object]:
    """Warm up, measure, report."""
    load = Load([_request(each) for each in cast("list[dict[str, object]]", orders["requests"])])
    loop = asyncio.get_running_loop()
    host, port = cast("tuple[str, int]", orders["address"])
    for stream in cast("list[list[int]]", orders["streams"]):
        await loop.create_connection(lambda stream=stream: Connection(load, stream), host, port)  # type: ignore[misc] # mypy does not infer a lambda's default
    await _pass(load, cast("float", orders["warm_seconds"]))
    load.measuring = True
    own, server, postgres = _readings(orders)
    started = time.perf_counter()
    await _pass(load, cast("float", orders["seconds"]))
    load.measuring = False
    elapsed = time.perf_counter() - started
    own_after, server_after, postgres_after = _readings(orders)
    return {
        "seconds": elapsed,
        "latencies": [each.tolist() for each in load.latencies],
        "answers": load.answers,
        "load_share": (own_after - own) / elapsed,
        "server_nanoseconds": spent(server, server_after),
        "postgres_nanoseconds": spent(postgres, postgres_after),
    }


async def _pass(load: Load, seconds: float) -> None:
    """Let time pass while the connections work, and raise what went wrong in it."""
    done, _ = await asyncio.wait([load.failed], timeout=seconds)
    for each in done:
        each.result()


def _readings(orders: Mapping[str, object]) -> tuple[float, dict[int, int], dict[int, int]]:
    server = tree_of(cast("int", orders["server"]))
    postgres = backends_of(cast("int", orders["postmaster"]), cast("str", orders["database"]))
    return time.process_time(), cpu_nanoseconds(server), cpu_nanoseconds(postgres)


def _request(given: Mapping[str, object]) -> bytes | CountedRequest:
    before = b64decode(cast("str", given["before"]))
    if "number" not in given:
        return before
    return CountedRequest(before, b64decode(cast("str", given["after"])), cast("int", given["number"]))


def main() -> None:
    try:
        seen = uvloop.run(run(orjson.loads(sys.stdin.buffer.read())))
    except (WrongAnswerError, OSError) as problem:
        sys.stderr.write(f"{problem}\n")
        sys.exit(1)
    sys.stdout.buffer.write(orjson.dumps(seen, option=orjson.OPT_NON_STR_KEYS))


if __name__ == "__main__":
    main()
