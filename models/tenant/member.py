from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.org_unit import OrgUnit


class Member(TenantModel):
    """A person of the tenant. The identity provider settles who they are: (provider, subject), never an e-mail."""

    email = fields.CharField(max_length=320, unique=True)
    full_name = fields.CharField(max_length=200)
    active = fields.BooleanField(default=True)
    org_unit: fields.ForeignKeyRelation[OrgUnit] = fields.ForeignKeyField(
        "tenant.OrgUnit", related_name="members", on_delete=fields.RESTRICT
    )
    org_unit_id: UUID
    identity_provider_id = fields.UUIDField(null=True)
    subject = fields.CharField(max_length=255, null=True)

    class Meta:
        table = "member"
        unique_together = (("identity_provider_id", "subject"),)
        indexes = (("org_unit_id", "id"), ("full_name", "id"))
