"""The guard against slowing down: instructions per request, counted by callgrind, beside a figure that is committed.

Time on a shared machine varies by half; instructions of the same requests on the same build of Python vary by less than
a hundredth. A figure is kept for each build, since another one takes other instructions.
"""

from __future__ import annotations

import asyncio
import os
import platform
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from bench.contenders import fieldgate_settings
from bench.documents import Dialect
from bench.workloads import WORKLOADS

if TYPE_CHECKING:
    from bench.opening import Bench

FILE: Final = Path(__file__).parent / "instructions.json"

# More than this above the committed figure is a regression.
TOLERANCE: Final = 0.03
_REQUESTS: Final = 100
_COUNTED: Final = ("Q1", "Q2", "Q3", "Q4", "Q5", "Q6")
_TOTAL: Final = re.compile(r"^(?:summary|totals): (\d+)", re.MULTILINE)


class CountingError(RuntimeError):
    """The process that was counted did not get to its end. The message holds its last words."""


def build() -> str:
    """The build of Python that runs, as far as it decides how many instructions the same code takes."""
    made = (platform.python_implementation(), platform.python_version(), platform.python_compiler(), platform.machine())
    return " ".join(made)


def is_possible() -> bool:
    """Whether the machine has callgrind."""
    return shutil.which("valgrind") is not None and shutil.which("vgdb") is not None


async def count(bench: Bench) -> dict[str, int]:
    """Instructions for each request, by workload and member.

    Raises:
        CountingError: the process did not get to its end.
    """
    asks = await _asks(bench)
    settings = {**fieldgate_settings(bench.settings, bench.key), "database_pool_size": 1}
    orders = {"settings": settings, "requests": _REQUESTS, "asks": list(asks.values())}
    output = bench.folder / "callgrind"
    process = await asyncio.create_subprocess_exec(
        *("valgrind", "--quiet", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={output}"),
        *(sys.executable, "-P", "-m", "bench.hot_path"),
        env={name: value for name, value in os.environ.items() if not name.startswith("FIELDGATE_")}
        | {"PYTHONHASHSEED": "0"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101 - it was asked for
    process.stdin.write(orjson.dumps(orders) + b"\n")
    counted = {}
    for number, name in enumerate(asks, start=1):
        await _until(process, b"ready")
        await _control(process.pid, "instrumentation", "on")
        await _control(process.pid, "zero")
        process.stdin.write(b"go\n")
        await _until(process, b"done")
        await _control(process.pid, "dump")
        await _control(process.pid, "instrumentation", "off")
        counted[name] = _total(output.with_name(f"{output.name}.{number}")) // _REQUESTS
        process.stdin.write(b"go\n")
    await process.wait()
    return counted


async def _asks(bench: Bench) -> dict[str, dict[str, object]]:
    """One request of each workload, from each kind of member; for a change, with what its version goes between."""
    tokens = await bench.tokens()
    asks: dict[str, dict[str, object]] = {}
    for workload in WORKLOADS:
        if workload.name in _COUNTED:
            for ask in workload.asks(Dialect.FIELDGATE, bench.dataset, lambda *_: {}):
                headers = {
                    "authorization": f"Bearer {tokens[ask.member]}",
                    "accept": "application/graphql-response+json",
                }
                asked: dict[str, object] = {
                    "body": ask.body.decode(),
                    "headers": headers,
                    "around": [part.decode() for part in ask.around_the_number()],
                    "version": None if ask.changes is None else await bench.version(ask.changes),
                }
                asks.setdefault(f"{workload.name}-{ask.member}", asked)
    return asks


async def _until(process: asyncio.subprocess.Process, word: bytes) -> None:
    assert process.stdout is not None  # noqa: S101 - it was asked for
    assert process.stderr is not None  # noqa: S101 - as above
    if (await process.stdout.readline()).strip() != word:
        process.kill()
        raise CountingError((await process.stderr.read()).decode(errors="replace")[-2_000:])


async def _control(pid: int, *command: str) -> None:
    """Tell callgrind something, by the way that debuggers talk to valgrind."""
    asked = await asyncio.create_subprocess_exec(
        "vgdb", f"--pid={pid}", *command, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
    )
    if await asked.wait() != 0:
        message = f"callgrind did not take {' '.join(command)!r}"
        raise CountingError(message)


def _total(dump: Path) -> int:
    found = _TOTAL.search(dump.read_text(encoding="utf-8", errors="replace"))
    if found is None:
        message = f"{dump.name} holds no total"
        raise CountingError(message)
    return int(found.group(1))


def committed() -> dict[str, int]:
    """The figures for this build of Python; none where nobody has counted on it."""
    kept: dict[str, dict[str, int]] = orjson.loads(FILE.read_bytes()) if FILE.exists() else {}
    return kept.get(build(), {})


def commit(counted: dict[str, int]) -> None:
    """Make these the figures for this build of Python."""
    kept = orjson.loads(FILE.read_bytes()) if FILE.exists() else {}
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE | orjson.OPT_SORT_KEYS
    FILE.write_bytes(orjson.dumps({**kept, build(): counted}, option=options))


def regressions(counted: dict[str, int], before: dict[str, int]) -> list[str]:
    """A line for each request that takes more instructions than it may."""
    return [
        f"{name} takes {number:,} instructions, {number / before[name] - 1:+.1%} on the committed {before[name]:,}"
        for name, number in counted.items()
        if name in before and number > before[name] * (1 + TOLERANCE)
    ]
