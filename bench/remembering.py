"""What a document costs when it is new, and how often the engine finds what it needs among what it remembers."""

from __future__ import annotations

import contextlib
import os
import statistics
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from bench.hot_path import open_hot_path
from bench.tokens import access_tokens
from bench.workloads import WORKLOADS, first_ask
from engine.bounded_cache import BoundedCache

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bench.dataset import Dataset
    from bench.hot_path import HotPath
    from bench.opening import Bench

_ASKED: Final = ("Q1", "Q3", "Q4")
_NEW_DOCUMENTS: Final = 60
_ROUNDS: Final = 3


async def remembering(bench: Bench, datasets: Sequence[Dataset]) -> dict[str, float]:
    """Milliseconds by which the first answer to a document takes longer, by workload; hits of all look-ups, by cache.

    The look-ups are those of every tenant's owner asking for each workload a few times.
    """
    tokens = await access_tokens(bench.database, bench.settings, [(each, each.owner) for each in datasets])
    headers = [{"authorization": f"Bearer {token}", "accept": "application/json"} for token in tokens]
    workloads = [each for each in WORKLOADS if each.name in _ASKED]
    with _logging_to_nobody():
        async with open_hot_path(bench.settings) as hot_path:
            found = {
                f"{each.name}_new_document_ms": await _new_document(
                    hot_path, first_ask(each, datasets[0]).body, headers[0]
                )
                for each in workloads
            }
            before = _look_ups(hot_path)
            for _ in range(_ROUNDS):
                for dataset, given in zip(datasets, headers, strict=True):
                    for workload in workloads:
                        await hot_path.answer(first_ask(workload, dataset).body, given)
            return {**found, **_hit_rates(before, _look_ups(hot_path))}


@contextlib.contextmanager
def _logging_to_nobody() -> Iterator[None]:
    """The application logs to standard output, which is the bench's own here."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, contextlib.redirect_stdout(nowhere):
        yield


async def _new_document(hot_path: HotPath, body: bytes, headers: dict[str, str]) -> float:
    first, again = [], []
    payload = orjson.loads(body)
    for number in range(_NEW_DOCUMENTS):
        # A comment makes it another text that asks for the same.
        another = orjson.dumps({**payload, "query": f"{payload['query']} # {number}"})
        first.append(await _milliseconds(hot_path, another, headers))
        again.append(await _milliseconds(hot_path, another, headers))
    return round(statistics.median(first) - statistics.median(again), 3)


async def _milliseconds(hot_path: HotPath, body: bytes, headers: dict[str, str]) -> float:
    started = time.perf_counter()
    await hot_path.answer(body, headers)
    return (time.perf_counter() - started) * 1000


def _look_ups(hot_path: HotPath) -> dict[str, tuple[int, int]]:
    """Hits and misses so far, by the name of the cache."""
    caches = {
        name.strip("_"): cache for name, cache in vars(hot_path.engine).items() if isinstance(cache, BoundedCache)
    }
    return {name: (cache.hits, cache.misses) for name, cache in caches.items()}


def _hit_rates(before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]) -> dict[str, float]:
    rates = {}
    for name, (hits, misses) in after.items():
        new_hits, new_misses = hits - before[name][0], misses - before[name][1]
        if new_hits + new_misses:
            rates[f"{name}_hit_rate"] = round(new_hits / (new_hits + new_misses), 4)
    return rates
