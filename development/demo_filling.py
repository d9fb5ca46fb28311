"""Rows of one tenant of the demo, from its description."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import count
from random import Random
from typing import TYPE_CHECKING, Final

from development.demo_identifiers import DemoIdentifiers, demo_key
from development.demo_people import contacts_of, host_of
from models.tenant import (
    BankAccount,
    Company,
    CompanyStatus,
    Contact,
    Member,
    OnboardingCase,
    OnboardingCaseState,
    OrgUnit,
    Role,
    RoleAssignment,
)
from resolvers.onboarding_case import FINAL

if TYPE_CHECKING:
    from uuid import UUID

    from development.demo_tenant import DemoCompany, DemoTenant

# Legal form and currency by country.
_CUSTOMS: Final = {
    "AT": ("GmbH", "EUR"),
    "BE": ("NV", "EUR"),
    "CA": ("Ltd.", "CAD"),
    "CH": ("AG", "CHF"),
    "DE": ("GmbH", "EUR"),
    "DK": ("A/S", "DKK"),
    "FI": ("Oy", "EUR"),
    "GB": ("Ltd", "GBP"),
    "IE": ("Ltd", "EUR"),
    "JP": ("K.K.", "JPY"),
    "NL": ("B.V.", "EUR"),
    "NO": ("AS", "NOK"),
    "NZ": ("Ltd", "NZD"),
    "SE": ("AB", "SEK"),
    "SG": ("Pte. Ltd.", "SGD"),
    "US": ("Inc.", "USD"),
}
_CREDIT_LIMITS: Final = (None, *(Decimal(thousands * 1000) for thousands in (25, 50, 100, 250, 500, 1_000, 2_500)))
# What a company's onboarding has come to, by how the relation with it stands.
_CASE_STATES: Final = {
    CompanyStatus.PROSPECT: (OnboardingCaseState.DRAFT, OnboardingCaseState.WITHDRAWN),
    CompanyStatus.ONBOARDING: (OnboardingCaseState.SUBMITTED, OnboardingCaseState.IN_REVIEW),
    CompanyStatus.ACTIVE: (OnboardingCaseState.APPROVED,),
    CompanyStatus.SUSPENDED: (OnboardingCaseState.REJECTED, OnboardingCaseState.IN_REVIEW),
}
_FIRST_DAY: Final = date(2026, 1, 5)
# Long past for some of the open cases, so that there are overdue ones, and far off for the others.
_DUE_DAYS: Final = (date(2026, 3, 31), date(2035, 12, 31))


class DemoFilling:
    """Fills the tenant whose scope is open."""

    def __init__(self, demo: DemoTenant) -> None:
        self._demo = demo
        self._numbers = count(1)
        self._units: dict[str, UUID] = {}
        self._members: dict[str, UUID] = {}
        self._companies: dict[str, UUID] = {}

    async def fill(self) -> None:
        """Write everything."""
        await self._make_units()
        await self._make_members()
        await self._make_companies()

    def _key(self) -> UUID:
        return demo_key(self._demo.slug, next(self._numbers))

    async def _make_units(self) -> None:
        for name, parent in self._demo.units:
            self._units[name] = self._key()
            parent_id = None if parent is None else self._units[parent]
            await OrgUnit.create(id=self._units[name], name=name, parent_id=parent_id)

    async def _make_members(self) -> None:
        roles = {role.key: role.id for role in await Role.filter(built_in=True)}
        for member in self._demo.members:
            self._members[member.login] = self._key()
            await Member.create(
                id=self._members[member.login],
                email=f"{member.login}@{self._demo.slug}.example",
                full_name=member.full_name,
                org_unit_id=self._units[member.unit],
            )
            await RoleAssignment.create(
                id=self._key(),
                member_id=self._members[member.login],
                role_id=roles[member.role],
                org_unit_id=None if member.reach is None else self._units[member.reach],
            )

    async def _make_companies(self) -> None:
        companies, contacts, accounts, cases = [], [], [], []
        for number, company in enumerate(self._demo.companies, start=1):
            key = self._companies[company.name] = self._key()
            country = company.place[-1]
            companies.append(self._company(key, number, company))
            contacts += [
                Contact(id=self._key(), company_id=key, **columns) for columns in contacts_of(company.name, country)
            ]
            iban = DemoIdentifiers(company.name, country).iban()
            if iban is not None:
                holder, currency = companies[-1].legal_name, _CUSTOMS[country][1]
                accounts.append(
                    BankAccount(
                        id=self._key(),
                        company_id=key,
                        holder=holder,
                        iban=iban,
                        bic=f"FGDM{country}2XXXX",
                        currency=currency,
                    )
                )
            cases.append(self._case(key, number, company))
        await Company.bulk_create(companies)
        await Contact.bulk_create(contacts)
        await BankAccount.bulk_create(accounts)
        await OnboardingCase.bulk_create(cases)

    def _company(self, key: UUID, number: int, company: DemoCompany) -> Company:
        street, postal_code, city, region, country = company.place
        form, currency = _CUSTOMS[country]
        drawn = DemoIdentifiers(company.name, country)
        random = Random(f"credit of {company.name}")  # noqa: S311 - the same every time is what it is for
        credit_limit = random.choice(_CREDIT_LIMITS)
        return Company(
            id=key,
            org_unit_id=self._units[company.unit],
            parent_id=None if company.parent is None else self._companies[company.parent],
            reference=f"{self._demo.slug[:2].upper()}-{number:04}",
            name=company.name,
            legal_name=f"{company.name} {form}",
            status=company.status,
            sector=company.sector,
            industry=company.industry,
            website=f"https://www.{host_of(company.name)}",
            founded_year=company.founded,
            tax_id=drawn.tax_id(),
            vat_number=drawn.vat_number(),
            lei=drawn.lei(),
            address_street=street,
            address_city=city,
            address_region=region,
            address_postal_code=postal_code,
            address_country=country,
            credit_limit=credit_limit,
            credit_currency=None if credit_limit is None else currency,
            risk_score=random.randint(1, 95),
        )

    def _case(self, company_id: UUID, number: int, company: DemoCompany) -> OnboardingCase:
        states = _CASE_STATES[company.status]
        state = states[number % len(states)]
        opened = _FIRST_DAY + timedelta(days=7 * number)
        closed_at = datetime.combine(opened + timedelta(days=20), time(9), UTC) if state in FINAL else None
        return OnboardingCase(
            id=self._key(),
            company_id=company_id,
            title=f"Onboarding of {company.name}",
            state=state,
            assignee_id=self._members["analyst" if number % 2 else "approver"],
            due_on=opened + timedelta(days=30) if closed_at else _DUE_DAYS[number // 2 % len(_DUE_DAYS)],
            closed_at=closed_at,
        )
