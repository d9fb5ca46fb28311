from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields
from tortoise.models import Model

from models.shared.base import SHARED_SCHEMA, SharedModel
from models.shared.digest import DigestField

if TYPE_CHECKING:
    from uuid import UUID


class Operation(SharedModel):
    """A document that frontends may name instead of sending it. It is every tenant's, and grants nothing."""

    # As it was published; it stands for this text for ever.
    identifier = fields.CharField(max_length=200, unique=True)
    # SHA-256 of the text: several identifiers may be of one text.
    digest = DigestField()
    text = fields.TextField()
    retired_at = fields.DatetimeField(null=True)

    events: fields.ReverseRelation[OperationEvent]

    class Meta:
        table = "operation"
        schema = SHARED_SCHEMA
        indexes = (("digest",),)


class OperationAction(StrEnum):
    """What was done with it."""

    PUBLISH = "publish"
    RETIRE = "retire"


class OperationEvent(Model):
    """What operators did with an operation, and when: written by a trigger, so there is no other way to do it."""

    id = fields.UUIDField(primary_key=True)
    operation: fields.ForeignKeyRelation[Operation] = fields.ForeignKeyField(
        "shared.Operation", related_name="events", on_delete=fields.RESTRICT
    )
    operation_id: UUID
    action = fields.CharEnumField(OperationAction, max_length=16)
    at = fields.DatetimeField()

    class Meta:
        table = "operation_event"
        schema = SHARED_SCHEMA
        indexes = (("operation_id", "at"),)
