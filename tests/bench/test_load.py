from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.comparison import Comparison
from bench.generator import LoadError, Span, percentile
from bench.workloads import CONNECTIONS, WORKLOADS

if TYPE_CHECKING:
    from bench.contenders import Contender
    from bench.opening import Bench
    from bench.workloads import Workload

SPAN = Span(warm=0.1, measured=0.3)


def workload(name: str) -> Workload:
    return next(each for each in WORKLOADS if each.name == name)


async def test_a_change_is_counted_once_for_each_version_that_it_made(bench: Bench, fieldgate: Contender) -> None:
    changed = bench.dataset.companies[-CONNECTIONS:]
    before = sum([await bench.version(company) for company in changed])
    seen = await Comparison(bench, [fieldgate], None).load(fieldgate, workload("Q6"), SPAN)
    made = sum([await bench.version(company) for company in changed]) - before
    assert 0 < seen.rps * SPAN.measured <= made


async def test_processor_time_is_seen_on_both_sides(bench: Bench, fieldgate: Contender) -> None:
    seen = await Comparison(bench, [fieldgate], None).load(fieldgate, workload("Q2"), SPAN)
    assert seen.server_us is not None
    assert seen.postgres_us is not None
    assert seen.server_us > 0
    assert seen.postgres_us > 0


async def test_an_answer_that_is_no_success_ends_the_run(
    bench: Bench, fieldgate: Contender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fieldgate, "has_real_tokens", False)
    monkeypatch.setattr(fieldgate, "tokens", dict.fromkeys(fieldgate.tokens, "nobody"))
    with pytest.raises(LoadError, match="401"):
        await Comparison(bench, [fieldgate], None).load(fieldgate, workload("Q2"), SPAN)


@pytest.mark.parametrize(("percent", "value"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_a_value_that_was_seen(percent: int, value: int) -> None:
    assert percentile(range(1, 101), percent) == value
