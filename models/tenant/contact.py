from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.company import Company


class Contact(TenantModel):
    """A person at a company."""

    company: fields.ForeignKeyRelation[Company] = fields.ForeignKeyField(
        "tenant.Company", related_name="contacts", on_delete=fields.CASCADE
    )
    company_id: UUID
    full_name = fields.CharField(max_length=200)
    job_title = fields.CharField(max_length=200, null=True)
    email = fields.CharField(max_length=320, null=True)
    phone = fields.CharField(max_length=32, null=True)

    class Meta:
        table = "contact"
        indexes = (("company_id", "id"),)
