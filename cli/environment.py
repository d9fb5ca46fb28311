"""The settings that a command works with."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from settings import DEVELOPMENT_KEY, Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).parent.parent


def development_settings() -> Settings:
    """The environment's settings as a developer's machine needs them: the known key and a data folder that stays put.

    Raises:
        ValidationError: the environment sets something that makes no sense.
    """
    given = Settings(environment="development")
    relaxed: dict[str, object] = {"environment": "development"}
    if given.key_encryption_key is None:
        relaxed["key_encryption_key"] = DEVELOPMENT_KEY
    if not given.data_dir.is_absolute():
        relaxed["data_dir"] = REPOSITORY / given.data_dir
    if "log_format" not in given.model_fields_set:
        relaxed["log_format"] = "console"
    if "public_url" not in given.model_fields_set:
        relaxed["public_url"] = f"http://{given.listen}"
    return Settings(**relaxed)  # type: ignore[arg-type]  # pydantic checks each value when it is read


def settings_in_force() -> Settings:
    """What a command works with, before any database is started for it.

    Raises:
        ValidationError: a setting is missing, makes no sense or is unsafe.
    """
    return development_settings() if _means_this_machine() else Settings()


@contextmanager
def command_settings() -> Iterator[Settings]:
    """The settings of a command that works on a database, with a database behind them while the block lasts.

    Raises:
        ValidationError: a setting is missing, makes no sense or is unsafe.
        PostgresUnavailableError: the machine's own database does not start.
    """
    settings = settings_in_force()
    if settings.environment == "production":
        yield settings
        return
    from development.postgres import running_postgres  # noqa: PLC0415 - not part of a production image

    with running_postgres(settings) as url:
        yield with_database(settings, url)


def with_database(settings: Settings, url: str) -> Settings:
    """The same settings on another database; everything is checked anew."""
    return Settings(**{**settings.model_dump(), "database_url": url})


def _means_this_machine() -> bool:
    """Whether the database that ``fieldgate dev`` keeps on this machine is meant: who names no other means this one.

    Naming a database without an environment means production, with all that production refuses.
    """
    environment = os.environ.get("FIELDGATE_ENVIRONMENT")
    if environment is not None:
        return environment == "development"
    return not {"FIELDGATE_DATABASE_URL", "FIELDGATE_DATABASE_URL_FILE"} & os.environ.keys()
