"""What a document may be called: by the SHA-256 of its text, or by whatever the tool that wrote the manifest chose."""

from __future__ import annotations

import hashlib
import re
from typing import Final

SHA256: Final = "sha256:"

# The draft on persisted documents: a colon ends the name of a scheme, and there is one beside those that anybody makes
# up, which begin with "x-".
_IDENTIFIER: Final = re.compile(r"sha256:[0-9a-f]{64}|(?:x-[a-z0-9-]{1,30}:)?[!-9;-~]{1,160}")

_BARE_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def is_identifier(text: str) -> bool:
    """Whether a document may be called so."""
    return _IDENTIFIER.fullmatch(text) is not None


def digest_of(text: str) -> bytes:
    """SHA-256 of the text as UTF-8."""
    return hashlib.sha256(text.encode()).digest()


def identifier_of(digest: bytes) -> str:
    """What every document may be called by, published as such or not."""
    return SHA256 + digest.hex()


def claimed_digest(identifier: str) -> str | None:
    """The SHA-256 that an identifier says its text has, hexadecimal; ``None`` where it says nothing of the kind."""
    digest = identifier.removeprefix(SHA256)
    return digest if _BARE_SHA256.fullmatch(digest) else None
