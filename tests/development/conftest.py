"""A folder for a server, which root's unprivileged account can reach too, unlike pytest's own private folders."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from development.postgres import EmbeddedPostgres

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def place() -> Iterator[Path]:
    """A new folder with a space in its name, open to be passed through."""
    folder = Path(tempfile.mkdtemp(prefix="field gate ", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def server(place: Path) -> Iterator[EmbeddedPostgres]:
    """A server that has not been started yet."""
    embedded = EmbeddedPostgres(place / "data")
    yield embedded
    embedded.stop()
