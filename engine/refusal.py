"""An operation that is refused before anything of it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from errors import ErrorCode, error

if TYPE_CHECKING:
    from engine.selection import SelectedField


class InvalidInputError(Exception):
    """Variables or arguments that cannot be taken."""

    def __init__(self, *errors: dict[str, object]) -> None:
        super().__init__(len(errors))
        self.errors = errors


class ForbiddenOperationError(Exception):
    """The answer as a whole would give away what the caller may not read."""

    def __init__(self, *errors: dict[str, object]) -> None:
        super().__init__(len(errors))
        self.errors = errors


def refusal(field: SelectedField, message: str, code: ErrorCode) -> dict[str, object]:
    """An error about one field's arguments; ``message`` goes on after the field's coordinate."""
    return error(f"{field.coordinate} {message}.", code, field=field.coordinate)
