from __future__ import annotations

from tortoise import fields
from tortoise.models import Model

from models.shared.base import SHARED_SCHEMA


class SchemaState(Model):
    """One row: how many migrations of the shared line this database has."""

    id = fields.SmallIntField(primary_key=True, generated=False, default=1)
    version = fields.IntField()

    class Meta:
        table = "schema_state"
        schema = SHARED_SCHEMA
