"""The results as a person reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.table import Table

from bench.contenders import FIELDGATE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from bench.goals import Outcome
    from bench.results import Measurement
    from bench.scale import ScaleResults
    from bench.workloads import Workload

_NOTHING: Final = "–"


def comparison_table(workloads: Sequence[Workload], measured: Mapping[str, Mapping[str, Measurement]]) -> Table:
    """Medians, and how many times as fast Fieldgate is."""
    table = Table(title="Medians of all rounds; one core for the server, another for PostgreSQL and the load")
    table.add_column("")
    for heading in (
        "requests/s",
        "p50 ms",
        "p99 ms",
        "server CPU µs",
        "PostgreSQL CPU µs",
        "load's core",
        "Fieldgate ×",
    ):
        table.add_column(heading, justify="right")
    for workload in workloads:
        ours = measured[workload.name].get(FIELDGATE)
        table.add_row(f"[bold]{workload.name}[/bold] {workload.title}")
        for name, one in measured[workload.name].items():
            ratio = _NOTHING if ours is None or name == FIELDGATE else f"{ours.rps / one.rps:.2f}"
            share = _NOTHING if one.load_share is None else f"{one.load_share:.0%}"
            figures = (_figure(one.p50, 2), _figure(one.p99, 2), _figure(one.server_us), _figure(one.postgres_us))
            table.add_row(f"  {name}", _figure(one.rps), *figures, share, ratio)
        table.add_section()
    return table


def goals_table(outcomes: Sequence[Outcome]) -> Table:
    """Each goal beside what was seen."""
    table = Table(title="Goals")
    for heading, justify in (("", "left"), ("goal", "right"), ("seen", "right"), ("", "left")):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for outcome in outcomes:
        sign, verdict = ("≥", "[green]met[/green]") if outcome.at_least else ("≤", "[green]met[/green]")
        verdict = verdict if outcome.met else "[red]short[/red]"
        table.add_row(outcome.what, f"{sign} {outcome.goal:g}", f"{outcome.seen:.2f}", verdict)
    return table


def scale_table(results: ScaleResults) -> Table:
    """Every place, and what was seen there."""
    table = Table(
        title=f"Start {results.start_up_seconds} s; worker {results.worker_megabytes} MB; "
        f"largest backend after each pass {', '.join(map(str, results.backend_megabytes))} MB"
    )
    for heading in (
        "tenants",
        "asked for",
        "workers",
        "",
        "requests/s",
        "p50 ms",
        "p99 ms",
        "server CPU µs",
        "PostgreSQL CPU µs",
        "worst tenant",
    ):
        table.add_column(heading, justify="right")
    for run in results.runs:
        place, seen = run.place, run.measurement
        figures = (
            _figure(seen.rps),
            _figure(seen.p50, 2),
            _figure(seen.p99, 2),
            _figure(seen.server_us),
            _figure(seen.postgres_us),
        )
        table.add_row(
            f"{place.tenants:,}",
            place.distribution,
            str(place.workers),
            run.workload,
            *figures,
            _figure(run.worst_tenant, 2),
        )
    return table


def instructions_table(counted: Mapping[str, int], before: Mapping[str, int]) -> Table:
    """Instructions for each request, beside the committed figures for this build of Python."""
    table = Table(title="Instructions of the server for each request")
    for heading in ("", "counted", "committed", ""):
        table.add_column(heading, justify="right" if heading else "left")
    for name, number in counted.items():
        kept = before.get(name)
        change = _NOTHING if kept is None else f"{number / kept - 1:+.1%}"
        table.add_row(name, f"{number:,}", _NOTHING if kept is None else f"{kept:,}", change)
    return table


def _figure(value: float | None, digits: int = 0) -> str:
    return _NOTHING if value is None else f"{value:,.{digits}f}"
