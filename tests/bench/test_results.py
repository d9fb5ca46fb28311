from __future__ import annotations

from bench.goals import outcomes
from bench.instructions import regressions
from bench.plot import draw
from bench.results import Measurement, median

FAST = Measurement(rps=1000, p50=1, p99=2, server_us=100, postgres_us=50)
SLOW = Measurement(rps=100, p50=10, p99=20, server_us=1000, postgres_us=50)


def test_medians_are_taken_figure_by_figure() -> None:
    assert median([FAST, SLOW, SLOW]) == SLOW
    assert median([FAST, Measurement(rps=3000, p50=None, p99=None, server_us=1, postgres_us=1)]).p50 == 1


def test_goals_that_are_missed_are_told_as_missed() -> None:
    met = {each.what: each.met for each in outcomes({"Q1": {"fieldgate": FAST, "postgraphile": SLOW}})}
    missed = {each.what: each.met for each in outcomes({"Q1": {"fieldgate": SLOW, "postgraphile": FAST}})}
    assert met == {
        "Q1 requests/s, × PostGraphile": True,
        "Q1 p99, of PostGraphile's": True,
        "Q1 CPU, of PostGraphile's": True,
    }
    assert met.keys() == missed.keys()
    assert not any(missed.values())


def test_only_more_instructions_than_the_tolerance_are_a_regression() -> None:
    assert regressions({"Q1": 1029, "Q2": 900}, {"Q1": 1000, "Q2": 1000}) == []
    (line,) = regressions({"Q1": 1031, "Q2": 1000}, {"Q1": 1000})
    assert line.startswith("Q1 takes 1,031 instructions, +3.1%")


def test_the_picture_shows_multiples_of_postgraphile() -> None:
    picture = draw({"Q1": "one"}, {"Q1": {"fieldgate": FAST, "postgraphile": SLOW}})
    assert ">10<" in picture
    assert picture.startswith("<svg")
