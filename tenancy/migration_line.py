"""The migrations as files: two lines of history, each numbered from 0 without a gap."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Final, Protocol, cast

MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"

_FILE_NAME: Final = re.compile(r"(?P<number>\d+)_\d{14}_(?P<name>\w+)")


class Line(StrEnum):
    """Which tables a history is about. Also the name of the folder and of Tortoise's app."""

    SHARED = "shared"
    TENANT = "tenant"


class MigrationFileError(Exception):
    """A file of a line can't be used. The message names it."""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step.

    Attributes:
        version: what the schema's version is afterwards: how many steps it has.
        name: what the author called it.
        sql: statements that name no tenant schema; they run with the search path set to it.
    """

    version: int
    name: str
    sql: str


def files_of(line: Line) -> list[Path]:
    """The files of a line in order.

    Raises:
        MigrationFileError: a number is missing or used twice.
    """
    numbered: dict[int, Path] = {}
    for path in (MIGRATIONS / line).glob("*.py"):
        match = _FILE_NAME.fullmatch(path.stem)
        if match is None:
            continue
        number = int(match["number"])
        if number in numbered:
            message = f"{path.name} and {numbered[number].name} of {line} have the same number"
            raise MigrationFileError(message)
        numbered[number] = path
    if sorted(numbered) != list(range(len(numbered))):
        message = f"the migrations of {line} are not numbered without a gap: {sorted(numbered)}"
        raise MigrationFileError(message)
    return [numbered[number] for number in sorted(numbered)]


async def migrations_of(line: Line) -> tuple[Migration, ...]:
    """Every step of a line, rendered. The files are read once per process.

    Raises:
        MigrationFileError: a file is not of the form that this runner can apply.
    """
    steps = []
    for version, path in enumerate(files_of(line), start=1):
        module = _load(path)
        if not module.RUN_IN_TRANSACTION:
            message = f"{path.name} wants to run outside a transaction; then half of it could stay when it fails"
            raise MigrationFileError(message)
        match = _FILE_NAME.fullmatch(path.stem)
        name = match["name"] if match else path.stem
        # aerich's signature takes a client, for migrations that ask the database; ours are plain SQL.
        steps.append(Migration(version=version, name=name, sql=(await module.upgrade(None)).strip().rstrip(";")))
    return tuple(steps)


class _Module(Protocol):
    """What a migration file defines, as far as the runner needs it."""

    RUN_IN_TRANSACTION: bool

    async def upgrade(self, db: None) -> str: ...


@cache
def _load(path: Path) -> _Module:
    spec = importlib.util.spec_from_file_location(f"migrations.{path.parent.name}.{path.stem}", path)
    if spec is None or spec.loader is None:
        message = f"{path} can't be loaded"
        raise MigrationFileError(message)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return cast("_Module", module)
