"""Cursors: where a page ended. Encrypted and authenticated, and good only where they were given out.

A cursor holds the sort value and the key of one row. AES-SIV (RFC 5297) hides both, detects any change, and always
gives one row the same cursor. What it was given out for (tenant, member, field, order) is authenticated with it, so
a cursor of another tenant, person or order is refused like a forged one.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from auth.viewer import Viewer

_PURPOSE: Final = b"fieldgate cursor 1"
_MAX_CHARACTERS: Final = 2_000


class InvalidCursorError(ValueError):
    """The text is not a cursor that was given out here."""


@dataclass(frozen=True, slots=True)
class Position:
    """The row that a page ended with.

    Attributes:
        value: its sort value as PostgreSQL prints it; ``None`` when absent or when rows are in the order of keys.
        key: its key.
    """

    value: str | None
    key: UUID


class Cursors:
    """Gives out and reads cursors under a key derived from the key encryption key (HKDF, RFC 5869)."""

    def __init__(self, key_encryption_key: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=64, salt=None, info=_PURPOSE).derive(key_encryption_key)
        self._cipher = AESSIV(derived)

    def encode(self, purpose: list[bytes], value: str | None, key: str) -> str:
        """The cursor of one row."""
        sealed = self._cipher.encrypt(orjson.dumps((value, key)), purpose)
        return _text(sealed)

    def decode(self, purpose: list[bytes], cursor: str) -> Position:
        """The position behind a cursor.

        Raises:
            InvalidCursorError: it was changed, or given out for something else.
        """
        if len(cursor) > _MAX_CHARACTERS:
            raise InvalidCursorError
        try:
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
            if _text(sealed) != cursor:  # base64 is read leniently: one position must not have many cursors
                raise InvalidCursorError
            value, key = orjson.loads(self._cipher.decrypt(sealed, purpose))
            return Position(value, UUID(key))
        except (InvalidTag, ValueError) as problem:
            raise InvalidCursorError from problem


def _text(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).rstrip(b"=").decode()


def purpose(viewer: Viewer, coordinate: str, order: str) -> list[bytes]:
    """What a cursor is bound to."""
    return [viewer.tenant.tenant_id.bytes, viewer.member_id.bytes, coordinate.encode(), order.encode()]
