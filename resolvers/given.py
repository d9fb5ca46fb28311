"""Values that more than one mutation takes, checked in one way. What is wrong with one goes to the problems."""

from __future__ import annotations

from typing import Final

from auth.permissions import Permission
from resolvers.refused_value import RefusedValueError
from resolvers.text import NOTHING, line
from resolvers.writes import Problems

_KNOWN: Final = frozenset(Permission)


def given_line(problems: Problems, column: str, longest: int) -> str:
    """One line of text that must be there; empty where something is wrong with it."""
    try:
        text = line(problems.written.values[column], longest)
    except RefusedValueError as problem:
        problems.add(column, str(problem))
        return ""
    if text is None:
        problems.add(column, NOTHING)
    return text or ""


def given_scopes(problems: Problems) -> frozenset[Permission] | None:
    """The permissions that ``scopes`` names; ``None`` where there is nothing to cut down to."""
    given: list[str] | None = problems.written.values.get("scopes")
    if given is None:
        return None
    if not all(each in _KNOWN for each in given):
        problems.add("scopes", "These are names of permissions, as viewer.permissions lists them.")
        return None
    return frozenset(Permission(each) for each in given)
