"""Identifiers, as they come in paths and bodies."""

from __future__ import annotations

from uuid import UUID


def identifier(text: str) -> UUID | None:
    """The key that a text is the usual spelling of; Python takes others for a UUID as well."""
    try:
        key = UUID(text)
    except ValueError:
        return None
    return key if str(key) == text.lower() else None
