"""``python -m bench scale``: what becomes of Fieldgate with many tenants, and with several workers."""

from __future__ import annotations

import random
import statistics
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from bench.contenders import Starting
from bench.dataset import Size, load_tenant
from bench.generator import generate, percentile
from bench.opening import open_bench
from bench.processes import backends_of, memory_bytes, tree_of
from bench.remembering import remembering
from bench.results import Measurement, median
from bench.tokens import access_tokens
from bench.workloads import CONNECTIONS, OWNER, WORKLOADS, first_ask

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bench.contenders import Contender
    from bench.dataset import Dataset
    from bench.generator import Seen, Span
    from bench.opening import Bench
    from bench.workloads import Workload

ASKED: Final = ("Q1", "Q3")
_SIZE: Final = Size(companies=200, populated=50)
_EXPONENT: Final = 1.1
_STREAM: Final = 8_192
# A tenant that was asked for less often has no 99th percentile worth the name.
_FEWEST_ANSWERS: Final = 100


class Distribution(StrEnum):
    """How often each tenant is asked for."""

    UNIFORM = "uniform"
    # The second tenant about half as often as the first, the third a third: a few make most of the traffic.
    ZIPF = "zipf"


@dataclass(frozen=True, slots=True)
class Choices:
    """How far it goes.

    Attributes:
        tenants: how many, each with one worker.
        workers: how many, each with the most tenants.
        rounds: figures are medians of so many.
        passes: how often all tenants are asked for before each look at the memory of backends.
    """

    tenants: Sequence[int]
    workers: Sequence[int]
    rounds: int
    span: Span
    passes: int


@dataclass(frozen=True, slots=True)
class Place:
    """How many tenants, asked for how, by how many processes."""

    tenants: int
    distribution: Distribution
    workers: int


@dataclass(frozen=True, slots=True)
class ScaleRun:
    """What was seen at one place.

    Attributes:
        worst_tenant: the worst tenant's p99, as a multiple of the median tenant's; ``None`` where too few tenants were
            asked for often enough.
    """

    place: Place
    workload: str
    measurement: Measurement
    worst_tenant: float | None


@dataclass(frozen=True, slots=True)
class ScaleResults:
    """Everything that was seen.

    Attributes:
        worker_megabytes: private memory of the server's process, once all tenants were asked for.
        backend_megabytes: private memory of the largest backend, after each pass over all tenants.
        start_up_seconds: from the start of a process to its first answer.
        remembering: what new documents cost and how often they are not new; see ``bench/remembering.py``.
    """

    runs: list[ScaleRun]
    worker_megabytes: float
    backend_megabytes: list[float]
    start_up_seconds: float
    remembering: dict[str, float]

    def as_json(self) -> dict[str, object]:
        """The results for the file."""
        return asdict(self)


async def scale(choices: Choices, tell: Callable[[str], None]) -> ScaleResults:
    """Measure at every place.

    Raises:
        LoadError, ServerError: Fieldgate did not answer as it should.
    """
    most = max(choices.tenants)
    async with open_bench(_SIZE) as bench:
        datasets = [bench.dataset]
        for number in range(2, most + 1):
            tell(f"loading tenant {number} of {most}")
            datasets.append(await load_tenant(bench.database, f"tenant-{number:05}", _SIZE))
        places = [
            *(
                Place(count, how, 1)
                for count in choices.tenants
                for how in Distribution
                if count > 1 or how is Distribution.UNIFORM
            ),
            *(Place(most, Distribution.ZIPF, count) for count in choices.workers if count > 1),
        ]
        runs = []
        for place in places:
            tell(f"{place.tenants} tenants, {place.distribution}, workers: {place.workers}")
            runs += await _runs_at(bench, datasets, place, choices)
        tell("memory")
        worker, backends, start_up = await _memory(bench, datasets, choices)
        tell("new documents")
        return ScaleResults(runs, worker, backends, start_up, await remembering(bench, datasets))


async def _runs_at(bench: Bench, datasets: Sequence[Dataset], place: Place, choices: Choices) -> list[ScaleRun]:
    # One worker has a core to itself, as in the comparison; several take what there is.
    cores = bench.cores if place.workers == 1 else replace(bench.cores, server=bench.cores.server | bench.cores.rest)
    runs = []
    with Starting(replace(bench, cores=cores)) as starting:
        contender = starting.fieldgate(FIELDGATE_WORKERS=str(place.workers))
        for workload in _workloads():
            asked = datasets[: place.tenants]
            seen = [
                await _load(bench, contender, asked, workload, distribution=place.distribution, span=choices.span)
                for _ in range(choices.rounds)
            ]
            worst = [ratio for each in seen if (ratio := _worst_tenant(each)) is not None]
            measurement = median(each.measurement for each in seen)
            runs.append(ScaleRun(place, workload.name, measurement, statistics.median(worst) if worst else None))
    return runs


async def _load(  # noqa: PLR0913 - what a run consists of
    bench: Bench,
    contender: Contender,
    datasets: Sequence[Dataset],
    workload: Workload,
    *,
    distribution: Distribution,
    span: Span,
) -> Seen:
    """The owner of each tenant asks the same; which tenant comes next is drawn beforehand."""
    tokens = await access_tokens(bench.database, bench.settings, [(each, each.owner) for each in datasets])
    requests = []
    for dataset, token in zip(datasets, tokens, strict=True):
        contender.tokens = {OWNER: token}
        requests.append(contender.encoded(first_ask(workload, dataset), "/graphql", None))
    weights = [rank**-_EXPONENT if distribution is Distribution.ZIPF else 1.0 for rank in range(1, len(datasets) + 1)]
    draw = random.Random(len(datasets))  # noqa: S311 - an order
    return await generate(
        requests,
        [draw.choices(range(len(datasets)), weights, k=_STREAM) for _ in range(CONNECTIONS)],
        port=contender.server.port,
        server=contender.server.pid,
        backends=bench.backends,
        cores=bench.cores,
        span=span,
    )


def _worst_tenant(seen: Seen) -> float | None:
    often = [percentile(sorted(each), 99) for each in seen.latencies if len(each) >= _FEWEST_ANSWERS]
    return max(often) / statistics.median(often) if len(often) > 1 else None


async def _memory(bench: Bench, datasets: Sequence[Dataset], choices: Choices) -> tuple[float, list[float], float]:
    """The worker's megabytes, the largest backend's after each pass, and the seconds of the start."""
    backends: list[float] = []
    with Starting(bench) as starting:
        contender = starting.fieldgate()
        for _ in range(choices.passes):
            await _load(
                bench, contender, datasets, _workloads()[-1], distribution=Distribution.UNIFORM, span=choices.span
            )
            serving = memory_bytes(backends_of(bench.backends.postmaster, bench.backends.database))
            backends.append(round(max(serving.values()) / 1e6, 1))
        worker = max(memory_bytes(tree_of(contender.server.pid)).values()) / 1e6
        return round(worker, 1), backends, round(contender.server.started_after, 2)


def _workloads() -> list[Workload]:
    return [each for each in WORKLOADS if each.name in ASKED]
