"""What takes a person who signed in a short while ago: refused as a whole before any of it runs, never half done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from engine.decision import FieldState
from engine.result import Result, Stage
from errors import ErrorCode, error

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth.viewer import Viewer
    from engine.decision import Decision
    from engine.selection import OperationSelection, SelectedField

# Clients program against it: what helps is a sign-in with the ``max_age`` that the same error says as ``maxAge``.
SIGN_IN_TOO_OLD: Final = "sign_in_too_old"

Bounds = tuple[tuple["SelectedField", int], ...]


def bounded_fields(selection: OperationSelection, decision: Decision) -> Bounds:
    """The root fields that take a sign-in of the last so many seconds.

    One that is denied asks for nothing: nobody is sent to sign in for what they may not do anyway.
    """
    return tuple(
        (field, field.rule.authenticated_within)
        for field in selection.root.fields
        if field.rule is not None and field.rule.authenticated_within is not None
        if decision.fields[field.index] is not FieldState.DENIED
    )


def refused_as_stale(bounds: Sequence[tuple[SelectedField, int]], viewer: Viewer) -> Result | None:
    """The refusal of an operation whose caller has to sign in again first."""
    stale = [(field, seconds) for field, seconds in bounds if not viewer.has_signed_in_within(seconds)]
    if not stale:
        return None
    # One sign-in has to do for all of it.
    max_age = min(seconds for _, seconds in bounds)
    errors = tuple(
        error(
            f"{field.coordinate} takes a person who has signed in within the last {seconds // 60} minutes.",
            ErrorCode.UNAUTHENTICATED,
            reason=SIGN_IN_TOO_OLD,
            maxAge=max_age,
            field=field.coordinate,
        )
        for field, seconds in stale
    )
    return Result(None, errors, Stage.SIGN_IN, max_age=max_age)
