"""Domain names as DNS has them, and the one in an e-mail address."""

from __future__ import annotations

import re
from typing import Final

# Letters, digits and hyphens, two labels at least. Names beyond ASCII are given as A-labels (xn--…): turning them here
# would mean deciding which of two ways to turn them is right.
_NAME: Final = re.compile(r"(?=.{1,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])\Z")


def domain_name(text: str) -> str | None:
    """The name in lower case, or ``None`` where it is none that an organisation could have."""
    name = text.strip().lower()
    return name if _NAME.match(name) else None


def domain_of_address(address: str) -> str | None:
    """The domain of an e-mail address: what follows its only @. A quoted local part may hold more, and is refused."""
    local, at, domain = address.strip().partition("@")
    return domain_name(domain) if local and at and "@" not in domain else None
