"""What we hold ourselves to, and what was seen. A goal is a ratio, so that it means the same on every machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.contenders import FIELDGATE, MERCURIUS, POSTGRAPHILE, STRAWBERRY
from bench.limit import PGBENCH_PINNED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from bench.results import Measurement
    from bench.scale import ScaleResults

    Measured = Mapping[str, Mapping[str, Measurement]]

_TIMES_POSTGRAPHILE: Final = {"Q1": 5.0, "Q2": 4.0, "Q3": 3.0, "Q4": 5.0, "Q5": 3.0, "Q6": 3.0}
_TIMES_STRAWBERRY: Final = 30.0
_STRAWBERRYS: Final = ("Q1", "Q2", "Q3", "Q4")
_TIMES_MERCURIUS: Final = 1.5
_CPU_OF_POSTGRAPHILE: Final = 1 / 3
_CPU_OF_BEST_SQL: Final = 1.15
_DEEP_PAGE: Final = 1.2
_FIELD_PERMISSIONS: Final = 0.97
_ZIPF: Final = 0.8
_UNIFORM: Final = 0.5
_WORST_TENANT: Final = 3.0
_FLAT: Final = 1.05


@dataclass(frozen=True, slots=True)
class Outcome:
    """A goal and what was seen.

    Attributes:
        at_least: whether more is better.
    """

    what: str
    goal: float
    seen: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether it was reached."""
        return self.seen >= self.goal if self.at_least else self.seen <= self.goal


def outcomes(measured: Measured) -> list[Outcome]:
    """The goals that the measurements say something about."""
    return [*_against_postgraphile(measured), *_against_others(measured), *_of_postgres(measured)]


def permission_outcomes(measured: Measured, ours: str, public: str) -> list[Outcome]:
    """What field permissions cost: requests/s with them, of those with every field public."""
    return [
        Outcome(f"{name} requests/s, of all public", _FIELD_PERMISSIONS, contenders[ours].rps / contenders[public].rps)
        for name, contenders in measured.items()
    ]


def scale_outcomes(results: ScaleResults) -> list[Outcome]:
    """The goals for many tenants, against the run with one."""
    found = []
    one = {run.workload: run.measurement.rps for run in results.runs if run.place.tenants == 1}
    most = max(run.place.tenants for run in results.runs)
    for run in results.runs:
        place = run.place
        if place.tenants == most > 1 and place.workers == 1:
            where = f"{run.workload}, {place.tenants} tenants, {place.distribution}"
            goal = {"zipf": _ZIPF, "uniform": _UNIFORM}[place.distribution]
            if run.workload in one:
                found.append(
                    Outcome(f"{where}: requests/s, of one tenant's", goal, run.measurement.rps / one[run.workload])
                )
            if run.worst_tenant is not None:
                what = f"{where}: worst tenant's p99, of the median's"
                found.append(Outcome(what, _WORST_TENANT, run.worst_tenant, at_least=False))
    first, *later = results.backend_megabytes
    if later:
        what = "largest backend after the last pass, of the first"
        found.append(Outcome(what, _FLAT, later[-1] / first, at_least=False))
    return found


def _against_postgraphile(measured: Measured) -> Iterator[Outcome]:
    for name, ours, theirs in _pairs(measured, POSTGRAPHILE):
        if name in _TIMES_POSTGRAPHILE:
            yield Outcome(f"{name} requests/s, × PostGraphile", _TIMES_POSTGRAPHILE[name], ours.rps / theirs.rps)
        if ours.p99 is not None and theirs.p99 is not None:
            yield Outcome(f"{name} p99, of PostGraphile's", 1.0, ours.p99 / theirs.p99, at_least=False)
        share = _cpu(ours) / _cpu(theirs)
        yield Outcome(f"{name} CPU, of PostGraphile's", round(_CPU_OF_POSTGRAPHILE, 3), share, at_least=False)


def _against_others(measured: Measured) -> Iterator[Outcome]:
    for name, ours, theirs in _pairs(measured, STRAWBERRY):
        if name in _STRAWBERRYS:
            yield Outcome(f"{name} requests/s, × Strawberry", _TIMES_STRAWBERRY, ours.rps / theirs.rps)
    for name, ours, theirs in _pairs(measured, MERCURIUS):
        yield Outcome(f"{name} requests/s, × Mercurius", _TIMES_MERCURIUS, ours.rps / theirs.rps)


def _of_postgres(measured: Measured) -> Iterator[Outcome]:
    for name, ours, best in _pairs(measured, PGBENCH_PINNED):
        if ours.postgres_us is not None and best.postgres_us:
            what = f"{name} PostgreSQL CPU, of pgbench's"
            yield Outcome(what, _CPU_OF_BEST_SQL, ours.postgres_us / best.postgres_us, at_least=False)
    deep, first = (measured.get(name, {}).get(FIELDGATE) for name in ("Q7", "Q7-first"))
    if deep is not None and first is not None:
        yield Outcome("page 1's requests/s, × page 40's", _DEEP_PAGE, first.rps / deep.rps, at_least=False)


def _pairs(measured: Measured, other: str) -> Iterator[tuple[str, Measurement, Measurement]]:
    for name, contenders in measured.items():
        if FIELDGATE in contenders and other in contenders:
            yield name, contenders[FIELDGATE], contenders[other]


def _cpu(one: Measurement) -> float:
    return (one.server_us or 0) + (one.postgres_us or 0)
