"""What was measured: medians of rounds, and the file that keeps them."""

from __future__ import annotations

import os
import platform
import statistics
import timeit
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE: Final = Path(__file__).parent / "results.json"


@dataclass(frozen=True, slots=True)
class Measurement:
    """One run of one workload against one server, or the medians of several.

    Attributes:
        rps: complete answers a second.
        p50: milliseconds.
        p99: milliseconds.
        server_us: processor time of the server for each answer, microseconds.
        postgres_us: processor time of PostgreSQL's backends for each answer, microseconds.
        load_share: how much of its core the load took.
    """

    rps: float
    p50: float | None
    p99: float | None
    server_us: float | None
    postgres_us: float | None
    load_share: float | None = None


def median(rounds: Iterable[Measurement]) -> Measurement:
    """Each figure's own median."""
    each = list(rounds)
    return Measurement(
        rps=round(statistics.median(one.rps for one in each), 3),
        p50=_median([one.p50 for one in each]),
        p99=_median([one.p99 for one in each]),
        server_us=_median([one.server_us for one in each]),
        postgres_us=_median([one.postgres_us for one in each]),
        load_share=_median([one.load_share for one in each]),
    )


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 3) if known else None


def machine(postgres: str, node: str) -> dict[str, object]:
    """What it was measured on."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "cpu": _cpu_name(),
        "cores": len(os.sched_getaffinity(0)),
        "python": f"{platform.python_version()} {platform.python_compiler()}",
        "python_us": python_us(),
        "node": node,
        "postgres": postgres,
    }


def python_us() -> float:
    """Microseconds of a fixed piece of Python, at its best: builds of one version differ by half, and machines by more.

    Distributions build Python with profiles of its use; one that was built by hand usually is not.
    """
    return round(
        min(timeit.repeat("{str(number): (number,) for number in range(1000)}", number=10, repeat=50)) / 10 * 1e6
    )


def _cpu_name() -> str:
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def read() -> dict[str, object]:
    """What the file holds; nothing where there is no file."""
    try:
        found: dict[str, object] = orjson.loads(FILE.read_bytes())
    except FileNotFoundError:
        return {}
    return found


def write(**parts: object) -> None:
    """Put parts into the file, and leave the others as they are."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    FILE.write_bytes(orjson.dumps({**read(), **parts}, option=options))


def plain(measured: Mapping[str, Mapping[str, Measurement]]) -> dict[str, dict[str, dict[str, object]]]:
    """Measurements as JSON."""
    return {
        workload: {name: asdict(one) for name, one in contenders.items()} for workload, contenders in measured.items()
    }
