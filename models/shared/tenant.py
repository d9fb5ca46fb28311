from __future__ import annotations

from enum import StrEnum

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel


class TenantStatus(StrEnum):
    """Requests are served for ``ACTIVE`` tenants only."""

    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    DELETING = "DELETING"


class Tenant(SharedModel):
    """One enterprise: the directory's entry that says where its data is.

    A row is written in the transaction that creates the schema, so no tenant is ever seen half made.
    """

    slug = fields.CharField(max_length=40, unique=True)
    name = fields.CharField(max_length=200)
    status = fields.CharEnumField(TenantStatus, max_length=16, default=TenantStatus.ACTIVE)
    database = fields.CharField(max_length=40)
    schema_name = fields.CharField(max_length=40, unique=True)
    role_name = fields.CharField(max_length=40, unique=True)
    # How many migrations of the tenant line the schema has.
    schema_version = fields.IntField()
    # How long its sessions last unused, and at all, where it wants that shorter than the server's settings allow.
    session_idle_seconds = fields.IntField(null=True)
    session_absolute_seconds = fields.IntField(null=True)

    class Meta:
        table = "tenant"
        schema = SHARED_SCHEMA
        # A migration run asks which tenants are behind; with none behind it reads one page of this.
        indexes = (("schema_version", "id"),)
