"""What can be written about companies, and what is answered. Every key says which permission writes it."""

from __future__ import annotations

import datetime
import decimal

import strawberry

import resolvers.company
from auth.permissions import PUBLIC, Permission
from models.tenant import CompanyStatus
from schema.company import Company
from schema.fields import field, input_field, required_input_field
from schema.user_error import UserError


@strawberry.input
class CompanyAddressInput:
    street: str | None = input_field(requires=Permission.COMPANY_WRITE, column="address_street")
    city: str | None = input_field(requires=Permission.COMPANY_WRITE, column="address_city")
    region: str | None = input_field(requires=Permission.COMPANY_WRITE, column="address_region")
    postal_code: str | None = input_field(requires=Permission.COMPANY_WRITE, column="address_postal_code")
    country: str | None = input_field(
        requires=Permission.COMPANY_WRITE, column="address_country", description="ISO 3166-1 alpha-2."
    )


@strawberry.input
class CompanyFinancialsInput:
    credit_limit: decimal.Decimal | None = input_field(requires=Permission.COMPANY_WRITE_CREDIT)
    credit_currency: str | None = input_field(requires=Permission.COMPANY_WRITE_CREDIT, description="ISO 4217.")
    risk_score: int | None = input_field(requires=Permission.COMPANY_WRITE_CREDIT, description="0 (none) to 100.")


@strawberry.input
class CompanyKeys:
    """What the inputs below have in common. A key that is left out is left as it is; ``null`` empties it."""

    reference: str | None = input_field(requires=Permission.COMPANY_WRITE)
    legal_name: str | None = input_field(requires=Permission.COMPANY_WRITE)
    sector: str | None = input_field(requires=Permission.COMPANY_WRITE)
    industry: str | None = input_field(requires=Permission.COMPANY_WRITE)
    website: str | None = input_field(requires=Permission.COMPANY_WRITE)
    founded_year: int | None = input_field(requires=Permission.COMPANY_WRITE)
    founded_note: str | None = input_field(requires=Permission.COMPANY_WRITE)
    listed_on: datetime.date | None = input_field(requires=Permission.COMPANY_WRITE)
    tax_id: str | None = input_field(
        requires=Permission.COMPANY_WRITE_TAX, description="Checked as one of the country of the address."
    )
    vat_number: str | None = input_field(
        requires=Permission.COMPANY_WRITE_TAX, description="With the letters of its country in front."
    )
    lei: str | None = input_field(requires=Permission.COMPANY_WRITE, description="ISO 17442.")
    cik: str | None = input_field(requires=Permission.COMPANY_WRITE)
    address: CompanyAddressInput | None = input_field(requires=Permission.COMPANY_WRITE)
    financials: CompanyFinancialsInput | None = input_field(requires=Permission.COMPANY_WRITE_CREDIT)


@strawberry.input
class CompanyCreateInput(CompanyKeys):
    org_unit_id: strawberry.ID = required_input_field(requires=Permission.COMPANY_WRITE)
    name: str = required_input_field(requires=Permission.COMPANY_WRITE)
    status: CompanyStatus | None = input_field(requires=Permission.COMPANY_WRITE)
    parent_id: strawberry.ID | None = input_field(requires=Permission.COMPANY_WRITE)


@strawberry.input
class CompanyUpdateInput(CompanyKeys):
    id: strawberry.ID = required_input_field(requires=Permission.COMPANY_WRITE)
    version: int = required_input_field(
        requires=Permission.COMPANY_WRITE, description="The version that you read; another one is a CONFLICT."
    )
    org_unit_id: strawberry.ID | None = input_field(
        requires=Permission.COMPANY_WRITE, description="Moves the company; you need the permissions in both units."
    )
    name: str | None = input_field(requires=Permission.COMPANY_WRITE)
    status: CompanyStatus | None = input_field(requires=Permission.COMPANY_WRITE)
    parent_id: strawberry.ID | None = input_field(requires=Permission.COMPANY_WRITE)


@strawberry.type
class CompanyCreatePayload:
    company: Company | None = field(requires=Permission.COMPANY_READ, read=resolvers.company.of_child)
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)


@strawberry.type
class CompanyUpdatePayload:
    company: Company | None = field(
        requires=Permission.COMPANY_READ,
        read=resolvers.company.of_child,
        description="As it is now, whether it was changed or not.",
    )
    user_errors: list[UserError] = field(requires=PUBLIC, attribute=True)
