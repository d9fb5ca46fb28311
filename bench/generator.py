"""Runs the load (``bench/load.py``) against one server and makes figures of what it saw."""

from __future__ import annotations

import asyncio
import random
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import orjson

from bench.processes import running_on
from bench.results import Measurement
from bench.workloads import CONNECTIONS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.processes import Cores

_STREAM: Final = 4_096
_SHUFFLE: Final = 20_260_105


class LoadError(RuntimeError):
    """The load met an answer that is no success."""


@dataclass(frozen=True, slots=True)
class Backends:
    """Where PostgreSQL's processor time is read.

    Attributes:
        postmaster: the process above all backends.
        database: which backends count.
    """

    postmaster: int
    database: str


@dataclass(frozen=True, slots=True)
class Span:
    """How long a run is, in seconds: unmeasured first, then measured."""

    warm: float
    measured: float


@dataclass(frozen=True, slots=True)
class Seen:
    """One run.

    Attributes:
        measurement: its figures.
        latencies: milliseconds, by request.
        answers: SHA-256 of each request's first answer, by request.
    """

    measurement: Measurement
    latencies: list[list[float]]
    answers: dict[int, str]


def mixed(requests: int) -> list[list[int]]:
    """Which request each connection sends when: all of them, equally often, in an order without a pattern."""
    order = [number % requests for number in range(max(_STREAM, requests))]
    random.Random(_SHUFFLE).shuffle(order)  # noqa: S311 - an order
    return [
        order[each * len(order) // CONNECTIONS :] + order[: each * len(order) // CONNECTIONS]
        for each in range(CONNECTIONS)
    ]


def one_each(requests: int) -> list[list[int]]:
    """Each connection has a request of its own."""
    return [[number % requests] for number in range(CONNECTIONS)]


async def generate(  # noqa: PLR0913 - what a run consists of
    requests: Sequence[dict[str, object]],
    streams: Sequence[Sequence[int]],
    *,
    port: int,
    server: int,
    backends: Backends,
    cores: Cores,
    span: Span,
) -> Seen:
    """Send requests for a while.

    Raises:
        LoadError: an answer was no success.
    """
    orders = {
        "address": ("127.0.0.1", port),
        "requests": requests,
        "streams": streams,
        "warm_seconds": span.warm,
        "seconds": span.measured,
        "server": server,
        "postmaster": backends.postmaster,
        "database": backends.database,
    }
    with running_on(cores.rest):
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-m",
            "bench.load",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
    output, problems = await process.communicate(orjson.dumps(orders))
    if process.returncode != 0:
        raise LoadError(problems.decode(errors="replace"))
    return _seen(orjson.loads(output))


def _seen(report: dict[str, object]) -> Seen:
    latencies = [[each / 1e6 for each in one] for one in report["latencies"]]  # type: ignore[attr-defined] # bench/load.py writes it
    every = sorted(each for one in latencies for each in one)
    if not every:
        message = "no request was answered in time"
        raise LoadError(message)
    answered = len(every)
    measurement = Measurement(
        rps=answered / float(str(report["seconds"])),
        p50=percentile(every, 50),
        p99=percentile(every, 99),
        server_us=float(str(report["server_nanoseconds"])) / answered / 1000,
        postgres_us=float(str(report["postgres_nanoseconds"])) / answered / 1000,
        load_share=float(str(report["load_share"])),
    )
    return Seen(measurement, latencies, {int(number): hashed for number, hashed in report["answers"].items()})  # type: ignore[attr-defined] # as above


def percentile(ordered: Sequence[float], percent: int) -> float:
    """The value that this many percent do not exceed (nearest rank)."""
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
