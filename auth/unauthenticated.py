"""The one way in which every failure to prove who is asking looks alike."""

from __future__ import annotations


class UnauthenticatedError(Exception):
    """Nobody we know is asking. The message is a fixed phrase for the log; callers hear the same answer for all."""
