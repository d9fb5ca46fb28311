from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.company import Company


class BankAccount(TenantModel):
    """Where a company is paid."""

    company: fields.ForeignKeyRelation[Company] = fields.ForeignKeyField(
        "tenant.Company", related_name="bank_accounts", on_delete=fields.CASCADE
    )
    company_id: UUID
    holder = fields.CharField(max_length=200)
    iban = fields.CharField(max_length=34)
    bic = fields.CharField(max_length=11, null=True)
    currency = fields.CharField(max_length=3)

    class Meta:
        table = "bank_account"
        unique_together = (("company_id", "iban"),)
        indexes = (("company_id", "id"),)
