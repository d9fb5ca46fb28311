from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from development import bootstrap
from tests.house.tracked_files import ROOT

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def launcher(tmp_path: Path) -> Path:
    """The console script as bootstrapping leaves it, in a folder with a space in its name."""
    folder = tmp_path / "field gate" / "bin"
    folder.mkdir(parents=True)
    python = folder / "python"
    # What a virtual environment's python is to the launcher: the interpreter that knows where this checkout is.
    python.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    script = folder / "fieldgate"
    script.write_text(bootstrap.LAUNCHER, encoding="utf-8")
    script.chmod(0o755)
    return script


def test_the_console_script_works_from_any_folder_and_passes_words_on_whole(launcher: Path, tmp_path: Path) -> None:
    ran = subprocess.run([launcher, "no such command"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert ran.returncode == 2
    assert '"no such command"' in ran.stderr


def test_the_console_script_runs_nothing_that_lies_where_it_is_called(launcher: Path, tmp_path: Path) -> None:
    for name in ("cli.py", "settings.py", "json.py"):
        (tmp_path / name).write_text("raise SystemExit('run by mistake')", encoding="utf-8")
    ran = subprocess.run([launcher, "--version"], cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own script
    assert (ran.returncode, ran.stderr) == (0, "")


def test_the_lock_is_one_that_pip_takes_with_hashes_alone() -> None:
    for name in ("runtime.txt", "development.txt"):
        lines = (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
        pins = [line for line in lines if line and not line.startswith((" ", "#"))]
        assert pins
        assert [pin for pin in pins if "==" not in pin or not pin.endswith("\\")] == []


def test_what_production_runs_is_what_was_tested() -> None:
    pinned = [
        {
            line.split(" ")[0]
            for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines()
            if "==" in line
        }
        for name in ("runtime.txt", "development.txt")
    ]
    assert pinned[0] <= pinned[1]
