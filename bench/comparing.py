"""``python -m bench``: starts everybody, has them compared, and says what was seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench import instructions, scale
from bench.comparison import Comparison
from bench.contenders import (
    BARE,
    FIELDGATE,
    FIELDGATE_BY_ID,
    MERCURIUS,
    POSTGRAPHILE,
    STRAWBERRY,
    Starting,
    asked_by_id,
)
from bench.dataset import Size
from bench.documents import PAGE_SIZE
from bench.goals import outcomes, permission_outcomes, scale_outcomes
from bench.limit import PGBENCH, open_limit
from bench.node import install, node_version
from bench.opening import open_bench
from bench.plot import FILE as PLOT
from bench.plot import draw
from bench.results import machine, plain, write
from bench.table import comparison_table, goals_table, instructions_table, scale_table
from bench.workloads import ANALYST, DEEP_PAGE, OWNER, asked_by

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console
    from rich.status import Status

    from bench.comparison import Measured
    from bench.contenders import Contender
    from bench.generator import Span
    from bench.opening import Bench
    from bench.workloads import Workload

ALL: Final = (FIELDGATE_BY_ID, POSTGRAPHILE, MERCURIUS, STRAWBERRY, BARE, PGBENCH)
ALL_PUBLIC: Final = "fieldgate_public"
_ON_NODE: Final = frozenset({POSTGRAPHILE, MERCURIUS})
# Instructions depend on the rows of a page, not on those of a table.
_SMALL: Final = Size(companies=2_000, populated=200)
_READS_OF_EVERYBODY: Final = frozenset({"Q1", "Q2", "Q3", "Q4"})


@dataclass(frozen=True, slots=True)
class Choices:
    """What is compared, and for how long.

    Attributes:
        against: peers, by name.
        rounds: figures are medians of so many.
        permissions: whether to measure as well what field permissions cost.
        instructions: whether to count instructions as well.
        save: whether to keep the results in files.
    """

    workloads: Sequence[Workload]
    against: Sequence[str]
    size: Size
    rounds: int
    span: Span
    permissions: bool
    instructions: bool
    save: bool


async def compare(console: Console, choices: Choices) -> bool:
    """Compare, print, and keep the results if asked to.

    Returns:
        Whether no request takes more instructions than it may. Goals that were missed are told, and no failure.

    Raises:
        DifferentAnswerError, LoadError, ServerError: there is nothing to compare.
    """
    if _ON_NODE & set(choices.against):
        with console.status("installing the servers on Node.js"):
            install()
    with console.status("loading data") as status:
        async with open_bench(choices.size) as bench:
            with Starting(bench) as starting:
                measured = await _compared(bench, starting, choices, status)
                cost = await _with_and_without(bench, starting, choices, status) if choices.permissions else {}
            on = machine(await bench.postgres(), node_version())
            slower = await guard(bench, console, save=choices.save) if choices.instructions else []
    reached = [*outcomes(measured), *permission_outcomes(cost, FIELDGATE, ALL_PUBLIC)]
    console.print(comparison_table(choices.workloads, measured))
    console.print(goals_table(reached))
    if choices.save:
        write(machine=on, workloads=plain(measured), permissions=plain(cost))
        PLOT.write_text(draw({each.name: each.title for each in choices.workloads}, measured), encoding="utf-8")
    return not slower


async def count_instructions(console: Console, *, save: bool) -> bool:
    """Only count instructions; false when some request takes more than it may."""
    async with open_bench(_SMALL) as bench:
        return not await guard(bench, console, save=save)


async def scale_and_tell(console: Console, choices: scale.Choices, *, save: bool) -> None:
    """Measure with many tenants and several workers, print, and keep the results if asked to."""
    with console.status("loading tenants") as status:
        results = await scale.scale(choices, status.update)
    console.print(scale_table(results))
    console.print(results.remembering)
    console.print(goals_table(scale_outcomes(results)))
    if save:
        write(scale=results.as_json())


async def guard(bench: Bench, console: Console, *, save: bool) -> list[str]:
    """Count instructions, print them beside the committed figures, and return what got slower."""
    if not instructions.is_possible():
        console.print("Instructions are not counted: there is no valgrind here.")
        return []
    with console.status("counting instructions"):
        counted = await instructions.count(bench)
    before = instructions.committed()
    console.print(instructions_table(counted, before))
    slower = instructions.regressions(counted, before)
    for line in slower:
        console.print(f"[red]slower:[/red] {line}")
    if save:
        instructions.commit(counted)
    return slower


async def _compared(bench: Bench, starting: Starting, choices: Choices, status: Status) -> Measured:
    contenders = await _started(starting, choices.against)
    limit = None
    if PGBENCH in choices.against:
        limit = await open_limit(bench, rows_before=PAGE_SIZE * (DEEP_PAGE - 1))
    comparison = Comparison(bench, contenders, limit)
    status.update("asking everybody everything once")
    answers = await comparison.verify(choices.workloads)
    if BARE in choices.against:
        comparison.add_bare(starting.bare(answers))
    return await comparison.run(choices.workloads, rounds=choices.rounds, span=choices.span, tell=status.update)


async def _started(starting: Starting, against: Sequence[str]) -> list[Contender]:
    contenders = [starting.fieldgate()]
    if FIELDGATE_BY_ID in against:
        contenders.append(asked_by_id(contenders[0]))
    if POSTGRAPHILE in against:
        contenders.append(await starting.postgraphile())
    if MERCURIUS in against:
        contenders.append(starting.mercurius())
    if STRAWBERRY in against:
        contenders.append(starting.strawberry())
    return contenders


async def _with_and_without(bench: Bench, starting: Starting, choices: Choices, status: Status) -> Measured:
    """Fieldgate beside itself with every field public, asked by one who may see all and by one who may not."""
    workloads = [
        asked_by(workload, member)
        for workload in choices.workloads
        if workload.name in _READS_OF_EVERYBODY
        for member in (OWNER, ANALYST)
    ]
    contenders = [starting.fieldgate(), starting.fieldgate(name=ALL_PUBLIC, module="bench.all_public")]
    comparison = Comparison(bench, contenders, None)
    return await comparison.run(workloads, rounds=choices.rounds, span=choices.span, tell=status.update)
