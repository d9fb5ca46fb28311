"""What every table of the shared schema has."""

from __future__ import annotations

from typing import Final

from tortoise import fields
from tortoise.models import Model
from uuid_utils.compat import uuid7

# Written into every statement on these tables: no search_path is ever needed to find them, or can hide them.
SHARED_SCHEMA: Final = "fieldgate"


class SharedModel(Model):
    """A row with a time-ordered key and its times."""

    id = fields.UUIDField(primary_key=True, default=uuid7)
    created_at = fields.DatetimeField(auto_now_add=True)
    updated_at = fields.DatetimeField(auto_now=True)

    class Meta:
        abstract = True
