from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from tortoise import fields

from models.tenant.base import TenantModel

if TYPE_CHECKING:
    from uuid import UUID

    from models.tenant.org_unit import OrgUnit


class CompanyStatus(StrEnum):
    """Where the business relation stands."""

    PROSPECT = "PROSPECT"
    ONBOARDING = "ONBOARDING"
    ACTIVE = "ACTIVE"
    SUSPENDED = "SUSPENDED"
    CLOSED = "CLOSED"


class Company(TenantModel):
    """A business customer or supplier that the tenant takes on. It belongs to one org unit, which decides reach."""

    org_unit: fields.ForeignKeyRelation[OrgUnit] = fields.ForeignKeyField(
        "tenant.OrgUnit", related_name="companies", on_delete=fields.RESTRICT
    )
    org_unit_id: UUID
    parent: fields.ForeignKeyNullableRelation[Company] = fields.ForeignKeyField(
        "tenant.Company", related_name="subsidiaries", null=True, on_delete=fields.RESTRICT
    )
    parent_id: UUID | None

    reference = fields.CharField(max_length=64, null=True, unique=True)
    name = fields.CharField(max_length=200)
    legal_name = fields.CharField(max_length=200, null=True)
    status = fields.CharEnumField(CompanyStatus, max_length=16, default=CompanyStatus.PROSPECT)
    sector = fields.CharField(max_length=100, null=True)
    industry = fields.CharField(max_length=100, null=True)
    website = fields.CharField(max_length=200, null=True)
    founded_year = fields.SmallIntField(null=True)
    # What the source said, where that is more than a year: "2013 (1888)".
    founded_note = fields.CharField(max_length=200, null=True)
    listed_on = fields.DateField(null=True)

    tax_id = fields.CharField(max_length=32, null=True)
    vat_number = fields.CharField(max_length=32, null=True)
    lei = fields.CharField(max_length=20, null=True)
    cik = fields.CharField(max_length=10, null=True)

    address_street = fields.CharField(max_length=200, null=True)
    address_city = fields.CharField(max_length=100, null=True)
    address_region = fields.CharField(max_length=100, null=True)
    address_postal_code = fields.CharField(max_length=20, null=True)
    address_country = fields.CharField(max_length=2, null=True)

    credit_limit = fields.DecimalField(max_digits=20, decimal_places=2, null=True)
    credit_currency = fields.CharField(max_length=3, null=True)
    risk_score = fields.SmallIntField(null=True)

    class Meta:
        table = "company"
        indexes = (
            ("org_unit_id", "id"),
            ("parent_id", "id"),
            ("name", "id"),
            ("status", "id"),
            ("created_at", "id"),
            ("founded_year", "id"),
            ("listed_on", "id"),
            ("credit_limit", "id"),
        )
