"""A tenant full of rows that are hard to get right: ties, absent values, every script, and ties across regions."""

from __future__ import annotations

import datetime as dt
import string
from decimal import Decimal
from typing import TYPE_CHECKING, Final
from uuid import UUID

from models.tenant import (
    AuditActorKind,
    AuditEvent,
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
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from random import Random

    from tenancy.placement import TenantPlacement

# Child, parent. Two regions with units below them, and one unit that is in neither.
TREE: Final = (
    ("Head office", None),
    ("North", "Head office"),
    ("North coast", "North"),
    ("North harbour", "North coast"),
    ("South", "Head office"),
    ("South valley", "South"),
    ("Laboratory", "Head office"),
)

WORDS: Final = (
    *(
        "Acme",
        "acme",
        "Ähre",
        "Zebra",
        "Ωmega",
        "Łódź",
        "東京",
        "שלום",
        "naïve",
        "100%",
        "a_b",
        "O'Neil",
        "\\",
        '"',
        ";--",
    ),
    *("🙂", "e\u0301", "\u00e9", " ", "NULL", "{}", "[]", "é" * 40),
)
_TIMES: Final = tuple(
    dt.datetime(2024, 2, 29, 12, 0, second, micro, dt.UTC) for second in (0, 1) for micro in (0, 1, 120_000, 123_456)
)


class _Maker:
    def __init__(self, random: Random) -> None:
        self.random = random

    def key(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def words(self) -> str:
        return " ".join(self.random.choices(WORDS, k=self.random.randint(1, 3))).strip() or "x"

    def maybe(self, *values: object) -> object:
        """One of the values, or none: a third of what may be absent is."""
        return None if self.random.random() < 1 / 3 else self.random.choice(values)

    def letters(self, length: int) -> str:
        return "".join(self.random.choices(string.ascii_uppercase + string.digits, k=length))


async def seed(placement: TenantPlacement, random: Random, *, companies: int) -> None:
    """Fill an empty tenant."""
    make = _Maker(random)
    async with tenant_scope(placement, authorization_version=None):
        units = await _units(make)
        members = await _members(make, units)
        owned = await _companies(make, units, companies)
        await _beside(make, owned, members)
        await _events(make, members)


async def _units(make: _Maker) -> dict[str, OrgUnit]:
    units: dict[str, OrgUnit] = {}
    for name, parent in TREE:
        above = None if parent is None else units[parent].id
        units[name] = OrgUnit(id=make.key(), name=name, parent_id=above)
    await OrgUnit.bulk_create(units.values())
    return units


async def _members(make: _Maker, units: dict[str, OrgUnit]) -> list[Member]:
    members = [
        Member(
            id=make.key(),
            email=f"{name.lower().replace(' ', '.')}{index}@example.org",
            full_name=make.words(),
            active=index == 0,
            org_unit_id=unit.id,
        )
        for name, unit in units.items()
        for index in (0, 1)
    ]
    await Member.bulk_create(members)
    roles = await Role.all()
    roles.append(await Role.create(id=make.key(), key="own", name=make.words(), permissions=["company:read"]))
    await RoleAssignment.bulk_create(
        RoleAssignment(
            id=make.key(),
            member_id=member.id,
            role_id=role.id,
            org_unit_id=make.maybe(*(unit.id for unit in units.values())),
        )
        for member in members
        for role in make.random.sample(roles, k=make.random.randint(0, 2))
    )
    return members


async def _companies(make: _Maker, units: dict[str, OrgUnit], count: int) -> list[Company]:
    companies: list[Company] = []
    for number in range(count):
        letters = make.letters(12)
        companies.append(
            Company(
                id=make.key(),
                created_at=make.random.choice(_TIMES),
                org_unit_id=make.random.choice([*units.values()]).id,
                parent_id=make.maybe(*(each.id for each in companies[-4:])) if companies else None,
                reference=make.maybe(f"ref-{number}"),
                name=make.words(),
                legal_name=make.maybe(make.words()),
                status=make.random.choice([*CompanyStatus]),
                sector=make.maybe(*WORDS[:4]),
                industry=make.maybe(make.words()),
                website=make.maybe("https://example.org/"),
                founded_year=make.maybe(1888, 1999, 1999, -32768, 32767),
                founded_note=make.maybe("2013 (1888)"),
                listed_on=make.maybe(dt.date(1, 1, 1), dt.date(1999, 12, 31), dt.date(9999, 12, 31)),
                tax_id=make.maybe(f"TAX{letters}"),
                vat_number=make.maybe(f"VAT{letters}"),
                lei=make.maybe(letters),
                cik=make.maybe("0000320193"),
                address_street=make.maybe(make.words()[:200]),
                address_city=make.maybe(*WORDS[:6]),
                address_region=make.maybe("Region"),
                address_postal_code=make.maybe("00100"),
                address_country=make.maybe("DE", "JP"),
                credit_limit=make.maybe(
                    Decimal("0.00"), Decimal("-1.50"), Decimal("100.10"), Decimal("100.10"), Decimal(10) ** 17
                ),
                credit_currency=make.maybe("EUR", "JPY"),
                risk_score=make.maybe(0, 50, 50, 100),
                version=make.random.randint(1, 3),
            )
        )
    await Company.bulk_create(companies)
    return companies


async def _events(make: _Maker, members: list[Member]) -> None:
    choose = make.random
    await AuditEvent.bulk_create(
        AuditEvent(
            id=make.key(),
            at=choose.choice(_TIMES),
            actor_kind=choose.choice([*AuditActorKind]),
            actor_id=make.maybe(make.key(), *(member.id for member in members)),
            operator=make.maybe("ops@support.example", "other@support.example"),
            action=choose.choice(["session:begin", "client:create", "support_access:read"]),
            subject_kind=make.maybe("client", "member"),
            subject_id=make.maybe(make.key()),
            details=choose.choice([{}, {"b": 1, "a": [None, "Ωmega"], "long": {"x": True}}]),
            request_id=make.maybe("request-1"),
        )
        for _ in range(30)
    )


async def _beside(make: _Maker, companies: list[Company], members: list[Member]) -> None:
    choose = make.random
    await Contact.bulk_create(
        Contact(
            id=make.key(),
            company_id=company.id,
            full_name=make.words(),
            job_title=make.maybe(make.words()),
            email=make.maybe(f"person@{company.id.hex}.example"),
            phone=make.maybe("+4930123456"),
        )
        for company in companies
        for _ in range(choose.randint(0, 3))
    )
    await BankAccount.bulk_create(
        BankAccount(
            id=make.key(),
            company_id=company.id,
            holder=make.words(),
            iban=f"DE{make.letters(20)}",
            bic=make.maybe("DEUTDEFF"),
            currency=choose.choice(["EUR", "JPY"]),
        )
        for company in companies
        for _ in range(choose.randint(0, 2))
    )
    await OnboardingCase.bulk_create(
        OnboardingCase(
            id=make.key(),
            created_at=choose.choice(_TIMES),
            company_id=company.id,
            title=make.words(),
            state=choose.choice([*OnboardingCaseState]),
            assignee_id=make.maybe(*(member.id for member in members)),
            due_on=make.maybe(dt.date(2000, 1, 1), dt.date(2000, 1, 1), dt.date(2999, 1, 1)),
            closed_at=make.maybe(*_TIMES),
        )
        for company in companies
        for _ in range(choose.randint(0, 2))
    )
