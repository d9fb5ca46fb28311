"""Where a person lands after signing in: a page of ours by its path, and nowhere else."""

from __future__ import annotations

import re
from typing import Final

DEFAULT_RETURN_PATH: Final = "/graphql"

# A list of what is good, since lists of what is bad have always missed one: ``//host``, ``/\host``, ``/%09/host``,
# ``javascript:``. A path cannot leave the origin when it starts with a name that we know.
_ALLOWED: Final = re.compile(r"/(graphql|docs|auth/session)(\?[A-Za-z0-9._~!$&'()*+,;=:@/?%-]*)?\Z")
_MAX_CHARACTERS: Final = 2_000


def return_path(wanted: str | None) -> str:
    """The page that was asked for, if it is one of ours; else the start page."""
    if wanted is None or len(wanted) > _MAX_CHARACTERS or _ALLOWED.match(wanted) is None:
        return DEFAULT_RETURN_PATH
    return wanted
