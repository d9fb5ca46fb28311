from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from bench.contenders import Starting
from bench.dataset import Size
from bench.node import is_installed
from bench.opening import open_bench
from bench.processes import every_core

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from bench.contenders import Contender
    from bench.opening import Bench


@pytest.fixture(scope="package")
async def bench(database_server: str) -> AsyncIterator[Bench]:
    """As much data as page 40 takes.

    Closed with the last test of this folder: the database opened last is the one that the process works on, and the
    other folders have theirs.
    """
    if sys.platform != "linux":
        pytest.skip("the bench needs Linux")
    async with open_bench(Size(companies=12_000, populated=400), every_core(), database_server) as opened:
        yield opened


@pytest.fixture(scope="package")
def starting(bench: Bench) -> Iterator[Starting]:
    with Starting(bench) as starting:
        yield starting


@pytest.fixture(scope="package")
async def fieldgate(bench: Bench, starting: Starting) -> Contender:
    """A running `fieldgate serve`, and tokens for it."""
    contender = starting.fieldgate()
    contender.tokens = await bench.tokens()
    return contender


@pytest.fixture(scope="package")
async def peers(starting: Starting) -> list[Contender]:
    """Every peer that is installed."""
    started = [starting.strawberry()]
    if is_installed():
        started += [await starting.postgraphile(), starting.mercurius()]
    return started


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not is_installed():
        terminalreporter.write_line("Left out: PostGraphile and Mercurius, which `make bench` installs")
