"""Relay global ids: base64 of ``Type:key``. Opaque to clients, but no secret: what one names is checked at each use."""

from __future__ import annotations

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class GlobalId:
    """The type and the row key that an id names."""

    type_name: str
    key: UUID


def encode(prefix: bytes, key: str) -> str:
    """The id of one row; ``prefix`` is the type's name and a colon."""
    return b64encode(prefix + key.encode()).decode()


def decode(text: object) -> GlobalId | None:
    """What an id names; ``None`` when it is none of ours, which a caller must treat as a row that does not exist."""
    if not isinstance(text, str) or len(text) > 200:  # noqa: PLR2004 - several times the longest id of ours
        return None
    try:
        type_name, _, key = b64decode(text, validate=True).decode("ascii").partition(":")
        named = GlobalId(type_name, UUID(key))
    except (binascii.Error, ValueError):
        return None
    # An id has one spelling, else a row would have many: a key in capitals, the bits that base64 leaves over.
    return named if encode(f"{type_name}:".encode(), str(named.key)) == text else None
