"""The names that tenants may have in paths and commands."""

from __future__ import annotations

import re
from typing import Final

# ASCII only: no letter that looks like another one. Short enough for a host name's label, with room to spare.
_SLUG: Final = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*\Z")
_SHORTEST: Final = 2
_LONGEST: Final = 40

# Read by people (and by careless programs) as something of the house, of the web or of PostgreSQL.
_RESERVED: Final = frozenset(
    {
        "admin",
        "api",
        "app",
        "auth",
        "default",
        "docs",
        "everyone",
        "fieldgate",
        "graphql",
        "help",
        "internal",
        "localhost",
        "login",
        "logout",
        "metrics",
        "nobody",
        "none",
        "null",
        "openapi",
        "owner",
        "public",
        "root",
        "saml",
        "scim",
        "shared",
        "static",
        "status",
        "support",
        "system",
        "template",
        "tenant",
        "tenants",
        "test",
        "undefined",
        "user",
        "www",
    }
)
_RESERVED_PREFIXES: Final = ("pg", "information-schema", "xn-")


class SlugRefusedError(ValueError):
    """Not a possible name for a tenant. The message says why."""


def checked_slug(text: str) -> str:
    """The slug, unchanged: nothing is folded or trimmed into a permitted one.

    Raises:
        SlugRefusedError: it can't be a tenant's name.
    """
    if not _SHORTEST <= len(text) <= _LONGEST:
        message = f"a slug has {_SHORTEST} to {_LONGEST} characters"
        raise SlugRefusedError(message)
    if not _SLUG.match(text):
        message = "a slug starts with a letter and has only a-z, 0-9 and single hyphens between them"
        raise SlugRefusedError(message)
    if text in _RESERVED or text.startswith(_RESERVED_PREFIXES):
        message = f"{text} is reserved"
        raise SlugRefusedError(message)
    return text
