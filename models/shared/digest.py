from __future__ import annotations

from tortoise.fields.base import Field


class DigestField(Field[bytes]):
    """A hash of fixed length, kept as bytes. Tortoise's own ``BinaryField`` refuses an index, which digests need."""

    indexable = True
    field_type = bytes
    SQL_TYPE = "BYTEA"
