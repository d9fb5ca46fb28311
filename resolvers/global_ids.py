"""Relay global ids: base64 of ``Type:key``. Opaque to clients, but no secret: what one names is checked at each use."""

from __future__ import annotations

from binascii import a2b_base64, b2a_base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from asyncpg.pgproto import pgproto

if TYPE_CHECKING:
    from uuid import UUID


@dataclass(frozen=True, slots=True)
class GlobalId:
    """The type and the row key that an id names."""

    type_name: str
    key: UUID


def encode(prefix: bytes, key: str) -> str:
    """The id of one row; ``prefix`` is the type's name and a colon."""
    return b2a_base64(prefix + key.encode(), newline=False).decode()


def decode(text: object) -> GlobalId | None:
    """What an id names; ``None`` when it is none of ours, which a caller must treat as a row that does not exist."""
    named = _read(text)
    return None if named is None else GlobalId(named[0], named[1])


def spelt_key(text: object, type_name: str) -> str | None:
    """The key of an id of one type, as PostgreSQL prints it; ``None``: it is no such id."""
    named = _read(text)
    return named[2] if named is not None and named[0] == type_name else None


def _read(text: object) -> tuple[str, UUID, str] | None:
    """The type's name, the key, and the key as it is spelt."""
    if not isinstance(text, str) or len(text) > 200:  # noqa: PLR2004 - several times the longest id of ours
        return None
    try:
        decoded = a2b_base64(text, strict_mode=True)
        type_name, _, spelt = decoded.decode("ascii").partition(":")
        # The driver's own is a UUID like any other, and is made in a tenth of the time.
        key = pgproto.UUID(spelt)
    except ValueError:
        return None
    # An id has one spelling, else a row would have many: a key in capitals, the bits that base64 leaves over. A key is
    # spelt as PostgreSQL prints it, which is how Python does.
    if str(key) != spelt or b2a_base64(decoded, newline=False).decode() != text:
        return None
    return type_name, key, spelt
