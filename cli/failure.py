"""How a command says that it failed."""

from __future__ import annotations


class CommandFailedError(Exception):
    """The command did not do what was asked. The message is one line for the person who typed it; exit code 1."""


class UsageError(CommandFailedError):
    """What was asked makes no sense, though each word of it parses. Exit code 2."""
