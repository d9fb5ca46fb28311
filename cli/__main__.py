"""Runs a command: 0 when it did what was asked, 1 when it failed, 2 when it was not understood."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from cyclopts import CycloptsError
from pydantic import ValidationError

from cli import app
from cli.failure import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 1
MISUSED = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give the exit code. A failure is one line on standard error.

    With ``FIELDGATE_DEBUG`` set to anything, a failure is a traceback instead.
    """
    try:
        result = app(arguments, exit_on_error=False, print_error=False, result_action="return_value")
    except KeyboardInterrupt:
        return INTERRUPTED
    except (CycloptsError, UsageError) as misuse:
        _say(f"{_one_line(misuse)} (fieldgate --help shows how)")
        return MISUSED
    except Exception as failure:
        if "FIELDGATE_DEBUG" in os.environ:
            raise
        _say(_settings_problems(failure) if isinstance(failure, ValidationError) else _one_line(failure))
        return FAILED
    return result if isinstance(result, int) else 0


def _say(message: str) -> None:
    print(f"fieldgate: {message}", file=sys.stderr)


def _one_line(failure: Exception) -> str:
    text = " ".join(str(failure).split())
    ours = type(failure).__module__.partition(".")[0] not in {"builtins", "asyncpg", "tortoise"}
    # Python's and the drivers' errors are often a bare noun ("'acme'"), which says nothing without the error's name.
    return text if ours and text else f"{type(failure).__name__}: {text}"


def _settings_problems(failure: ValidationError) -> str:
    """The settings at fault and what is wrong with each, but never the value: it may be a secret."""
    return "; ".join(
        (f"FIELDGATE_{str(error['loc'][0]).upper()}: " if error["loc"] else "")
        + error["msg"].removeprefix("Value error, ")
        for error in failure.errors(include_input=False, include_url=False)
    )


if __name__ == "__main__":
    sys.exit(main())
