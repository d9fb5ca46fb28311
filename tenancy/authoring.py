"""Writing migrations: aerich compares the models with the state that the newest file records, and writes the SQL.

Nothing is read from a database, so a migration comes out the same on every machine. What aerich can't express (a
trigger, a changed ``on_delete``, a backfill) is written by hand into the file, or into an empty one of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from aerich import Command
from aerich.utils import decompress_dict, get_models_describe, import_py_file

from tenancy.migration_line import MIGRATIONS, Line, files_of
from tenancy.orm import APPS, start_orm

if TYPE_CHECKING:
    from pathlib import Path

# Never connected to: aerich only asks which dialect it is.
_CONFIGURATION: Final[dict[str, Any]] = {
    "connections": {
        app: {"engine": "tortoise.backends.asyncpg", "credentials": {"database": "none"}} for app in (*Line,)
    },
    "apps": APPS,
}

# Parts of a model's description that no column, constraint or index follows from.
_WITHOUT_DDL: Final = frozenset({"default", "description", "docstring", "constraints", "python_type", "field_type"})


async def write_migration(line: Line, name: str, *, empty: bool = False) -> Path | None:
    """Write the next migration of a line, to be read, completed and committed.

    Works on class-level state inside aerich, so call it once per process.

    Args:
        line: which line.
        name: what it does, in a word or two joined by underscores.
        empty: write a file to be filled in by hand, even if the models did not change.

    Returns:
        The new file, or None where the newest one already says all that the models do.
    """
    command = Command(_CONFIGURATION, app=line, location=str(MIGRATIONS))
    before = set(files_of(line))
    if before:
        await start_orm()
        await command.init(offline=True)
        await command.migrate(name, empty=empty, no_input=True, offline=True)
    else:
        await command.init_migrations(safe=False)
    written = set(files_of(line)) - before
    return written.pop() if written else None


async def drift(line: Line) -> list[str]:
    """What the models say and the newest migration doesn't know, one sentence each.

    Stricter than aerich, which does not see a changed ``on_delete``.
    """
    await start_orm()
    models = _essentials(get_models_describe(line))
    files = files_of(line)
    recorded = _essentials(decompress_dict(import_py_file(files[-1]).MODELS_STATE)) if files else {}
    return [
        f"{line}: {model} differs from the newest migration"
        for model in sorted(models.keys() | recorded.keys())
        if models.get(model) != recorded.get(model)
    ]


def _essentials(description: Any) -> Any:  # noqa: ANN401  # JSON of any depth
    if isinstance(description, dict):
        return {key: _essentials(value) for key, value in description.items() if key not in _WITHOUT_DDL}
    if isinstance(description, (list, tuple)):
        return [_essentials(value) for value in description]
    return str(description)
