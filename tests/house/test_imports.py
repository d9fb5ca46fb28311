from __future__ import annotations

import ast
from typing import Final

import pytest

from tests.house.test_names import MODULES, PACKAGES
from tests.house.tracked_files import ROOT, python_files

OURS: Final = frozenset({*MODULES, *PACKAGES})
ABSENT_IN_PRODUCTION: Final = frozenset({"development", "tests"})


def imported_names(source: str) -> set[str]:
    """The top-level names that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("module", MODULES)
def test_a_single_file_imports_nothing_of_ours_but_settings(module: str) -> None:
    assert imported_names((ROOT / f"{module}.py").read_text(encoding="utf-8")) & OURS <= {"settings"}


def test_only_commands_and_tests_reach_what_is_absent_in_production() -> None:
    reaching = {
        str(path.relative_to(ROOT))
        for path in python_files()
        if path.relative_to(ROOT).parts[0] not in {"bench", "cli", "development", "tests"}
        if imported_names(path.read_text(encoding="utf-8")) & ABSENT_IN_PRODUCTION
    }
    assert reaching == set()
