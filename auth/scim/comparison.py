"""When two strings are the same to SCIM."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import normalize

if TYPE_CHECKING:
    from scim2_models import AttributeBinding


def comparison_key(binding: AttributeBinding, value: str) -> str:
    """What the library compares in place of a value."""
    return normalize("NFC", value) if binding.case_exact else folded(value)


def folded(value: str) -> str:
    """The same for everything that a person would read as the same name: ligatures, full-width letters, cases."""
    previous = ""
    while value != previous:  # folding may give something to normalise, and the other way round
        previous, value = value, normalize("NFKC", value).casefold()
    return value
