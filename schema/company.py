from __future__ import annotations

import datetime
import decimal
from enum import StrEnum

import strawberry

import resolvers.bank_account
import resolvers.company
import resolvers.contact
import resolvers.onboarding_case
import resolvers.org_unit
from auth.permissions import Permission
from models import tenant as models
from models.tenant import CompanyStatus
from resolvers.reads import OwnUnit
from schema.bank_account import BankAccount
from schema.comparison import (
    CompanyStatusComparison,
    DateComparison,
    DecimalComparison,
    IDComparison,
    IntComparison,
    StringComparison,
)
from schema.connection import Connection
from schema.contact import Contact
from schema.direction import Direction
from schema.fields import field, input_field, page, required_input_field, row_type
from schema.node import Node
from schema.onboarding_case import OnboardingCase
from schema.org_unit import OrgUnit


@strawberry.type
class CompanyAddress:
    street: str | None = field(requires=Permission.COMPANY_READ, column="address_street")
    city: str | None = field(requires=Permission.COMPANY_READ, column="address_city")
    region: str | None = field(requires=Permission.COMPANY_READ, column="address_region")
    postal_code: str | None = field(requires=Permission.COMPANY_READ, column="address_postal_code")
    country: str | None = field(
        requires=Permission.COMPANY_READ, column="address_country", description="ISO 3166-1 alpha-2."
    )


@strawberry.type
class CompanyFinancials:
    credit_limit: decimal.Decimal | None = field(requires=Permission.COMPANY_READ_FINANCIALS)
    credit_currency: str | None = field(requires=Permission.COMPANY_READ_FINANCIALS, description="ISO 4217.")
    risk_score: int | None = field(requires=Permission.COMPANY_READ_FINANCIALS, description="0 (none) to 100.")


@row_type(model=models.Company, requires=Permission.COMPANY_READ, reach=OwnUnit("org_unit_id"))
class Company(Node):
    """A business customer or supplier that the tenant takes on."""

    reference: str | None = field(
        requires=Permission.COMPANY_READ, description="The tenant's own name for it, unique; what an import matches by."
    )
    name: str = field(requires=Permission.COMPANY_READ)
    legal_name: str | None = field(requires=Permission.COMPANY_READ)
    status: CompanyStatus = field(requires=Permission.COMPANY_READ)
    sector: str | None = field(requires=Permission.COMPANY_READ)
    industry: str | None = field(requires=Permission.COMPANY_READ)
    website: str | None = field(requires=Permission.COMPANY_READ)
    founded_year: int | None = field(requires=Permission.COMPANY_READ)
    founded_note: str | None = field(
        requires=Permission.COMPANY_READ, description="What the source said, where that is more than a year."
    )
    listed_on: datetime.date | None = field(requires=Permission.COMPANY_READ)
    tax_id: str | None = field(requires=Permission.COMPANY_READ_TAX)
    vat_number: str | None = field(requires=Permission.COMPANY_READ_TAX)
    lei: str | None = field(requires=Permission.COMPANY_READ, description="ISO 17442.")
    cik: str | None = field(requires=Permission.COMPANY_READ, description="Central Index Key, ten digits.")
    address: CompanyAddress = field(requires=Permission.COMPANY_READ, same_row=True)
    financials: CompanyFinancials | None = field(requires=Permission.COMPANY_READ_FINANCIALS, same_row=True)
    created_at: datetime.datetime = field(requires=Permission.COMPANY_READ)
    updated_at: datetime.datetime = field(requires=Permission.COMPANY_READ)
    version: int = field(requires=Permission.COMPANY_READ, description="Give it back when you change the company.")

    org_unit: OrgUnit | None = field(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.of_row)
    parent: Company | None = field(requires=Permission.COMPANY_READ, read=resolvers.company.parent)
    subsidiaries: Connection[Company] | None = page(
        requires=Permission.COMPANY_READ, read=resolvers.company.subsidiaries
    )
    contacts: Connection[Contact] | None = page(requires=Permission.CONTACT_READ, read=resolvers.contact.of_company)
    bank_accounts: Connection[BankAccount] | None = page(
        requires=Permission.BANK_ACCOUNT_READ, read=resolvers.bank_account.of_company
    )
    onboarding_cases: Connection[OnboardingCase] | None = page(
        requires=Permission.ONBOARDING_CASE_READ, read=resolvers.onboarding_case.of_company
    )


@strawberry.input
class CompanyFilter:
    reference: StringComparison | None = input_field(requires=Permission.COMPANY_READ, column="reference")
    name: StringComparison | None = input_field(requires=Permission.COMPANY_READ, column="name")
    status: CompanyStatusComparison | None = input_field(requires=Permission.COMPANY_READ, column="status")
    sector: StringComparison | None = input_field(requires=Permission.COMPANY_READ, column="sector")
    founded_year: IntComparison | None = input_field(requires=Permission.COMPANY_READ, column="founded_year")
    listed_on: DateComparison | None = input_field(requires=Permission.COMPANY_READ, column="listed_on")
    country: StringComparison | None = input_field(requires=Permission.COMPANY_READ, column="address_country")
    org_unit: IDComparison | None = input_field(requires=Permission.ORG_UNIT_READ, column="org_unit_id")
    parent: IDComparison | None = input_field(requires=Permission.COMPANY_READ, column="parent_id")
    tax_id: StringComparison | None = input_field(requires=Permission.COMPANY_READ_TAX, column="tax_id")
    credit_limit: DecimalComparison | None = input_field(
        requires=Permission.COMPANY_READ_FINANCIALS, column="credit_limit"
    )
    risk_score: IntComparison | None = input_field(requires=Permission.COMPANY_READ_FINANCIALS, column="risk_score")


@strawberry.enum(description="What companies can be sorted by. Each asks for the permission that reads the field.")
class CompanyOrderField(StrEnum):
    NAME = "name"
    STATUS = "status"
    FOUNDED_YEAR = "founded_year"
    LISTED_ON = "listed_on"
    CREATED_AT = "created_at"
    CREDIT_LIMIT = "credit_limit"


@strawberry.input
class CompanyOrder:
    field: CompanyOrderField = required_input_field(requires=Permission.COMPANY_READ)
    direction: Direction = required_input_field(requires=Permission.COMPANY_READ)
