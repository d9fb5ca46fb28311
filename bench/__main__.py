"""The command: ``python -m bench``, or ``make bench``."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

from cyclopts import App, Parameter
from rich.console import Console

from bench import scale
from bench.comparing import ALL, Choices, compare, count_instructions, scale_and_tell
from bench.comparison import DifferentAnswerError
from bench.dataset import COMPANIES, POPULATED, Size
from bench.generator import LoadError, Span
from bench.instructions import CountingError
from bench.node import PeersError
from bench.opening import NotHereError
from bench.servers import ServerError
from bench.workloads import WORKLOADS

app = App(
    name="bench",
    help="Measure Fieldgate and others side by side; docs/performance.md says how.",
    help_epilogue="Example: `python -m bench --only Q1 --only Q3 --rounds 1 --seconds 2`",
)


@app.default
def default(  # noqa: PLR0913 - one for each thing that can be chosen
    *,
    only: Annotated[list[str] | None, Parameter(negative=())] = None,
    against: Annotated[list[str] | None, Parameter(negative=())] = None,
    rounds: int = 5,
    seconds: float = 5,
    warm: float = 1,
    companies: int = COMPANIES,
    permissions: bool = True,
    instructions: bool = True,
    save: bool = False,
) -> int:
    """Compare.

    Parameters
    ----------
    only
        Workloads by name; all of them if left out.
    against
        Peers by name; all of them if left out. Fieldgate always takes part.
    rounds
        Figures are medians of so many.
    seconds
        Length of one run.
    warm
        Seconds before each run that are not measured.
    companies
        Rows of the largest table.
    permissions
        Also measure what field permissions cost.
    instructions
        Also count instructions, and fail if they are more than the committed ones.
    save
        Write bench/results.json and the picture.
    """
    choices = Choices(
        workloads=[each for each in WORKLOADS if only is None or each.name in only],
        against=ALL if against is None else against,
        size=Size(companies=companies, populated=min(companies, POPULATED)),
        rounds=rounds,
        span=Span(warm, seconds),
        permissions=permissions,
        instructions=instructions,
        save=save,
    )
    return 0 if asyncio.run(compare(Console(), choices)) else 1


@app.command(name="scale")
def go_up(  # noqa: PLR0913 - one for each thing that can be chosen
    *,
    tenants: Annotated[list[int], Parameter(negative=())] = [1, 100, 1_000],  # noqa: B006 - read once, by cyclopts
    workers: Annotated[list[int], Parameter(negative=())] = [1, 2, 4],  # noqa: B006 - as above
    rounds: int = 3,
    seconds: float = 5,
    warm: float = 2,
    passes: int = 3,
    save: bool = False,
) -> None:
    """Go up in tenants and workers.

    Parameters
    ----------
    tenants
        How many; each number is measured.
    workers
        How many; each number is measured with the most tenants.
    rounds
        Figures are medians of so many.
    seconds
        Length of one run.
    warm
        Seconds before each run that are not measured.
    passes
        How often all tenants are asked for to see how large backends become.
    save
        Write it into bench/results.json.
    """
    asyncio.run(
        scale_and_tell(Console(), scale.Choices(tenants, workers, rounds, Span(warm, seconds), passes), save=save)
    )


@app.command
def count(*, save: bool = False) -> int:
    """Count the instructions of a request, and fail if they are more than the committed ones.

    Parameters
    ----------
    save
        Commit the figures for this build of Python.
    """
    return 0 if asyncio.run(count_instructions(Console(), save=save)) else 1


def main() -> int:
    try:
        result = app(result_action="return_value")
    except (CountingError, DifferentAnswerError, LoadError, NotHereError, PeersError, ServerError, OSError) as failure:
        sys.stderr.write(f"bench: {failure}\n")
        return 1
    return result if isinstance(result, int) else 0


if __name__ == "__main__":
    sys.exit(main())
