"""The files that belong to the repository, whatever else lies in the folder."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]

# What make and the tools leave behind; only looked at where there is no git to ask (an unpacked archive).
_LEFT_BEHIND: Final = frozenset({"node_modules", "dist", "__pycache__"})


@cache
def tracked_files() -> tuple[Path, ...]:
    """Every file under version control, as absolute paths."""
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        # The folder may belong to another user than the one who tests, which git takes for a trap unless told.
        command = [git, "-c", f"safe.directory={ROOT}", "ls-files", "-z"]
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout  # noqa: S603 - fixed words
        found = [ROOT / name for name in listed.decode().split("\0") if name]
    else:
        found = [path for path in ROOT.rglob("*") if not _is_left_behind(path.relative_to(ROOT))]
    return tuple(path for path in found if path.is_file() and not path.is_symlink())


@cache
def text_of(path: Path) -> str:
    """The content, or nothing for what is no text."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def python_files() -> list[Path]:
    """Python that people write: the migrations are written by a tool."""
    return [
        path for path in tracked_files() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] != "migrations"
    ]


def _is_left_behind(path: Path) -> bool:
    return any(part in _LEFT_BEHIND or (part.startswith(".") and part != ".ci") for part in path.parts[:-1])
