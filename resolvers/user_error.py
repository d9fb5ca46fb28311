"""What a mutation answers where something expected went wrong: part of its payload, for the person who typed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from errors import ErrorCode


class UserErrorCode(StrEnum):
    """The codes among ``ErrorCode`` that stand in a payload."""

    BAD_USER_INPUT = ErrorCode.BAD_USER_INPUT.value
    NOT_FOUND = ErrorCode.NOT_FOUND.value
    FORBIDDEN = ErrorCode.FORBIDDEN.value
    CONFLICT = ErrorCode.CONFLICT.value
    RATE_LIMITED = ErrorCode.RATE_LIMITED.value


@dataclass(frozen=True, slots=True)
class UserError:
    """One thing that went wrong.

    Attributes:
        code: what kind of thing.
        field: the path to the input field at fault, from the argument down; a list's index is part of it.
        message: a sentence for the person. It never repeats a stored value.
        current_version: for ``CONFLICT``: the version that the row has now.
    """

    code: UserErrorCode
    field: tuple[str, ...]
    message: str
    current_version: int | None = None
