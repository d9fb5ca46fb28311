"""Secrets that programs show us, in a form that finds itself when it is pasted where it should not be.

A fixed prefix says whose it is, and the last six characters are a checksum: scanners of repositories and logs tell a
real one from something that only looks like it, and so do we, without asking a database. What is left is random, so a
plain hash of it is of no use to whoever steals the table.
"""

from __future__ import annotations

import hashlib
import secrets
import zlib
from typing import Final

PERSONAL_ACCESS_TOKEN: Final = "fieldgate_pat_"  # noqa: S105 # a prefix, not a secret
CLIENT_SECRET: Final = "fieldgate_secret_"  # noqa: S105 # a prefix, not a secret

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_RANDOM_CHARACTERS: Final = 40
_CHECKSUM_CHARACTERS: Final = 6


def new_secret(prefix: str) -> str:
    """A new one: 40 random letters and digits (238 bits) between prefix and checksum."""
    body = prefix + "".join(secrets.choice(_ALPHABET) for _ in range(_RANDOM_CHARACTERS))
    return body + _checksum(body)


def has_form(prefix: str, text: str) -> bool:
    """Whether a text could be one of ours. Nothing secret is compared."""
    body, checksum = text[:-_CHECKSUM_CHARACTERS], text[-_CHECKSUM_CHARACTERS:]
    return (
        len(text) == len(prefix) + _RANDOM_CHARACTERS + _CHECKSUM_CHARACTERS
        and text.startswith(prefix)
        and text.isascii()
        and checksum == _checksum(body)
    )


def digest(text: str) -> bytes:
    """What is stored of it."""
    return hashlib.sha256(text.encode()).digest()


def _checksum(body: str) -> str:
    number, digits = zlib.crc32(body.encode()), ""
    for _ in range(_CHECKSUM_CHARACTERS):
        number, digit = divmod(number, len(_ALPHABET))
        digits = _ALPHABET[digit] + digits
    return digits
