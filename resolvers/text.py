"""Text that a person typed, as it is kept."""

from __future__ import annotations

import unicodedata
from typing import Final

from resolvers.refused_value import RefusedValueError

# PostgreSQL holds no NUL and UTF-8 no lone surrogate; the others are a line's end or worse in somebody's list.
_UNPRINTABLE: Final = frozenset({"Cc", "Cs", "Zl", "Zp"})

NOTHING: Final = "This must not be empty."


def line(typed: str, longest: int | None) -> str | None:
    """One line of text, trimmed and composed (NFC); ``None`` where nothing is left.

    Args:
        typed: as it came.
        longest: how many characters it may have.

    Raises:
        RefusedValueError: it is too long, or not one line of printable text.
    """
    text = (typed if typed.isascii() else unicodedata.normalize("NFC", typed)).strip()
    # What Python calls printable has none of these, and is quicker to ask for.
    if not text.isprintable() and any(unicodedata.category(character) in _UNPRINTABLE for character in text):
        message = "This holds characters that can't be shown, such as a line's end."
        raise RefusedValueError(message)
    if longest is not None and len(text) > longest:
        message = f"This has at most {longest} characters."
        raise RefusedValueError(message)
    return text or None
