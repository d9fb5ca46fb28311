from __future__ import annotations

import statistics
from typing import Final

from tests.house.tracked_files import ROOT, python_files, text_of

# About a hundred lines is one thing; past 350 there should be a reason; past 600 there is none.
USUAL_LINES: Final = 120
MOST_LINES: Final = 600


def lines(text: str) -> int:
    return text.count("\n")


def test_no_file_is_too_long_to_be_one_thing() -> None:
    sizes = {str(path.relative_to(ROOT)): lines(text_of(path)) for path in python_files()}
    assert {name: size for name, size in sizes.items() if size > MOST_LINES} == {}


def test_most_files_are_read_in_one_go() -> None:
    assert statistics.median(size for path in python_files() if (size := lines(text_of(path)))) <= USUAL_LINES
