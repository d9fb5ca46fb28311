"""``fieldgate config``: what the settings are, as this machine reads them."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import urlsplit

from cyclopts import App, Parameter
from pydantic import SecretStr
from rich.console import Console
from rich.table import Table

from cli.environment import settings_in_force

app = App(name="config", help="Show the settings in force.", help_epilogue="Example: `fieldgate config show --json`")

REDACTED = "********"


@app.command(help_epilogue="Example: `fieldgate config show --json`")
def show(*, as_json: Annotated[bool, Parameter(name="--json", negative=())] = False) -> None:
    """Show every setting, with secrets redacted.

    Args:
        as_json: Print JSON for a program to read.
    """
    settings = settings_in_force()
    values = {name: _shown(name, getattr(settings, name)) for name in type(settings).model_fields}
    if as_json:
        print(json.dumps({"settings": values, "set": sorted(settings.model_fields_set)}, default=str))
        return
    table = Table(box=None)
    for heading in ("Setting", "Value", "From"):
        table.add_column(heading, overflow="fold")  # a value that is cut short is no value
    for name, value in values.items():
        origin = "set" if name in settings.model_fields_set else "default"
        table.add_row(f"FIELDGATE_{name.upper()}", "" if value is None else str(value), origin)
    Console().print(table)


def _shown(name: str, value: object) -> object:
    if not isinstance(value, SecretStr):
        return value if isinstance(value, int | str | None) else str(value)
    if not name.endswith("_url"):
        return REDACTED
    # Where a service is helps; who signs in there, and with what, is nobody's business.
    parts = urlsplit(value.get_secret_value())
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{REDACTED}@{host}{parts.path}" if "@" in parts.netloc else REDACTED
