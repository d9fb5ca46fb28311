from __future__ import annotations

import importlib
import sys
import tomllib
from pathlib import Path
from typing import Final

import pytest

from tests.house.tracked_files import ROOT, tracked_files

PACKAGES: Final[list[str]] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"][
    "importlinter"
]["root_packages"]
MODULES: Final = ("cache", "errors", "settings")

# Rooms for whatever found no other place; what is put there is not found again.
NOT_ROOMS: Final = frozenset(
    {"common", "core", "helper", "helpers", "misc", "service", "services", "types", "util", "utils"}
)


@pytest.mark.parametrize("name", [*PACKAGES, *MODULES])
def test_a_top_level_name_is_ours(name: str) -> None:
    file = importlib.import_module(name).__file__
    assert file is not None
    assert Path(file).is_relative_to(ROOT)
    assert ".venv" not in Path(file).relative_to(ROOT).parts


@pytest.mark.parametrize("name", [*PACKAGES, *MODULES])
def test_a_top_level_name_is_not_the_standard_librarys(name: str) -> None:
    assert name not in sys.stdlib_module_names


def test_every_top_level_package_is_known_to_the_import_rules() -> None:
    found = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.name == "__init__.py"}
    assert found - {"migrations"} == set(PACKAGES)


def test_no_room_is_called_by_a_name_that_says_nothing() -> None:
    parts = {part.removesuffix(".py") for path in tracked_files() for part in path.relative_to(ROOT).parts}
    assert not parts & NOT_ROOMS
