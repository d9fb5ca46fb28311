"""The data that everybody is asked for: one tenant with org units, three members, companies, contacts and cases.

The same numbers give the same rows, apart from the times.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import TYPE_CHECKING, Final
from uuid import UUID

import asyncpg

from auth.roles import BUILT_IN_ROLES
from models.shared import IdentityProvider
from tenancy.provisioning import create_tenant

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

UNITS: Final = 40
# Where the regional member's role is assigned; none of them has units below.
REGIONAL_UNITS: Final = (13, 22, 37)
CONTACTS_PER_COMPANY: Final = 5
CASES_PER_COMPANY: Final = 3
STATUSES: Final = ("PROSPECT", "ONBOARDING", "ACTIVE", "SUSPENDED", "CLOSED")
STATES: Final = ("DRAFT", "SUBMITTED", "IN_REVIEW", "APPROVED")

_EPOCH: Final = datetime(2026, 1, 5, 9, tzinfo=UTC)
_FIRST: Final = ("Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Granite", "Harbour", "Indigo", "Juniper")
_SECOND: Final = ("Analytics", "Bearings", "Ceramics", "Dairies", "Energy", "Foods", "Glass", "Holdings", "Logistics")
_PEOPLE: Final = tuple(
    f"{first} {last}"
    for first, last in product(
        ("Ada", "Bo", "Chidi", "Dilnoza", "Ewa", "Farid", "Grete"), ("Almeida", "Brandt", "Castro", "Dahl", "Eriksen")
    )
)


COMPANIES: Final = 100_000
POPULATED: Final = 5_000


@dataclass(frozen=True, slots=True)
class Size:
    """How much of it; contacts and cases hang on the first ``populated`` companies."""

    companies: int
    populated: int


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who asks.

    Attributes:
        role: the key of a built-in role.
        units: where it holds; empty means everywhere.
    """

    id: UUID
    role: str
    units: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Dataset:
    """What was loaded, as far as a workload names it.

    Attributes:
        owner: sees everything.
        analyst: everything but tax ids and financials.
        regional: everything, in three of forty org units.
        companies: keys, in order.
    """

    placement: TenantPlacement
    identity_provider_id: UUID
    owner: Member
    analyst: Member
    regional: Member
    companies: Sequence[UUID]


def sector_of(number: int) -> str:
    """The sector of a company, by its place."""
    return f"Sector {number % 11}"


async def load_tenant(database: Database, slug: str, size: Size) -> Dataset:
    """Make a tenant and fill it."""
    placement = await create_tenant(database, slug, slug.capitalize(), built_in_roles=BUILT_IN_ROLES)
    provider = await IdentityProvider.create(
        tenant_id=placement.tenant_id, name="Bench", issuer="https://identity.example", client_id=slug, enabled=True
    )
    keys = _Keys(slug)
    units = [keys.next() for _ in range(UNITS)]
    owner, analyst = Member(keys.next(), "owner"), Member(keys.next(), "analyst")
    regional = Member(keys.next(), "auditor", tuple(units[each] for each in REGIONAL_UNITS))
    companies = [keys.next() for _ in range(size.companies)]
    connection = await asyncpg.connect(database.url)
    try:
        roles = dict(await connection.fetch(f'SELECT key, id FROM "{placement.schema}".role'))  # noqa: S608 - a generated name
        tables = _Tables(connection, placement)
        await tables.fill("org_unit", _units(units))
        members = (owner, analyst, regional)
        await tables.fill("member", _members(members, units[0]))
        await tables.fill("role_assignment", _assignments(members, roles, keys))
        await tables.fill("company", _companies(companies, units))
        populated = companies[: size.populated]
        await tables.fill("contact", _contacts(populated, keys))
        await tables.fill("onboarding_case", _cases(populated, keys))
        await tables.settle()
    finally:
        await connection.close()
    return Dataset(placement, provider.id, owner, analyst, regional, companies)


class _Keys:
    """UUIDs of version 7 (RFC 9562), a millisecond apart, the same each time."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed)  # noqa: S311 - keys of test data
        self._milliseconds = int(_EPOCH.timestamp() * 1000)

    def next(self) -> UUID:
        self._milliseconds += 1
        low = self._random.getrandbits(74)
        return UUID(int=self._milliseconds << 80 | 0x7 << 76 | (low >> 62) << 64 | 0b10 << 62 | (low & (1 << 62) - 1))


class _Tables:
    def __init__(self, connection: asyncpg.Connection, placement: TenantPlacement) -> None:
        self._connection = connection
        self._schema = placement.schema
        self._filled: list[str] = []

    async def fill(self, table: str, rows: Iterable[dict[str, object]]) -> None:
        """Rows of one table, all with the same columns; those that every table has are added."""
        complete = [{**row, "created_at": _EPOCH, "updated_at": _EPOCH, "version": 1} for row in rows]
        if complete:
            await self._connection.copy_records_to_table(
                table,
                schema_name=self._schema,
                columns=list(complete[0]),
                records=[tuple(row.values()) for row in complete],
            )
        self._filled.append(table)

    async def settle(self) -> None:
        """Statistics and visibility as autovacuum would have them after a while."""
        for table in self._filled:
            await self._connection.execute(f'VACUUM ANALYZE "{self._schema}"."{table}"')


def _units(units: Sequence[UUID]) -> Iterator[dict[str, object]]:
    """A root, three regions, and the rest spread below the regions."""
    for number, key in enumerate(units):
        parent = None if number == 0 else units[0] if number <= 3 else units[1 + number % 3]
        yield {"id": key, "name": f"Unit {number:02}", "parent_id": parent}


def _members(members: Sequence[Member], unit: UUID) -> Iterator[dict[str, object]]:
    for number, member in enumerate(members):
        email = f"{member.role}{number}@bench.example"
        yield {"id": member.id, "email": email, "full_name": _PEOPLE[number], "active": True, "org_unit_id": unit}


def _assignments(members: Sequence[Member], roles: dict[str, UUID], keys: _Keys) -> Iterator[dict[str, object]]:
    for member in members:
        for unit in member.units or (None,):
            yield {"id": keys.next(), "member_id": member.id, "role_id": roles[member.role], "org_unit_id": unit}


def _companies(companies: Sequence[UUID], units: Sequence[UUID]) -> Iterator[dict[str, object]]:
    chance = random.Random(1)  # noqa: S311 - test data
    for number, key in enumerate(companies):
        name = f"{chance.choice(_FIRST)} {chance.choice(_SECOND)} {number:06}"
        yield {
            "id": key,
            "org_unit_id": units[number % len(units)],
            "name": name,
            "legal_name": f"{name} GmbH" if number % 7 else None,
            "status": chance.choice(STATUSES),
            "sector": sector_of(number),
            "founded_year": 1890 + number % 130,
            "tax_id": f"DE{100_000_000 + number}",
            "address_country": "DE",
            "credit_limit": Decimal(1000 + number % 90_000),
            "credit_currency": "EUR",
            "risk_score": number % 101,
        }


def _contacts(companies: Sequence[UUID], keys: _Keys) -> Iterator[dict[str, object]]:
    for number, (company, place) in enumerate(product(companies, range(CONTACTS_PER_COMPANY))):
        person = _PEOPLE[number % len(_PEOPLE)]
        yield {
            "id": keys.next(),
            "company_id": company,
            "full_name": person,
            "job_title": f"Purchasing {place}" if place else None,
            "email": f"{person.replace(' ', '.').lower()}@customer.example",
        }


def _cases(companies: Sequence[UUID], keys: _Keys) -> Iterator[dict[str, object]]:
    for number, company in enumerate(key for key in companies for _ in range(CASES_PER_COMPANY)):
        yield {
            "id": keys.next(),
            "company_id": company,
            "title": f"Case {number:06}",
            "state": STATES[number % len(STATES)],
            "due_on": date(2026, 6, 1) + timedelta(days=number % 200),
        }
