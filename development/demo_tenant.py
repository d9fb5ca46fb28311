"""What a tenant of the demo is made of."""

from __future__ import annotations

from dataclasses import dataclass

from models.tenant import CompanyStatus


@dataclass(frozen=True, slots=True)
class DemoMember:
    """Somebody who can sign in.

    Attributes:
        login: the part of the address before the @.
        full_name: what people call them.
        unit: the org unit that they belong to.
        role: a built-in role.
        reach: the org unit in which the role holds; ``None``: everywhere.
    """

    login: str
    full_name: str
    unit: str
    role: str
    reach: str | None = None


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """A business customer or supplier.

    Attributes:
        unit: the org unit that looks after it.
        name: unique within the tenant.
        place: street, postal code, city, region, country (ISO 3166-1 alpha-2).
        sector: of the economy.
        industry: within the sector.
        founded: the year.
        status: of the relation.
        parent: the name of the company that owns it; one that comes before it.
    """

    unit: str
    name: str
    place: tuple[str, str, str, str | None, str]
    sector: str
    industry: str
    founded: int
    status: CompanyStatus = CompanyStatus.ACTIVE
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class DemoTenant:
    """One tenant of the demo; ``units`` gives each org unit the one above it, which comes before it."""

    slug: str
    name: str
    units: tuple[tuple[str, str | None], ...]
    members: tuple[DemoMember, ...]
    companies: tuple[DemoCompany, ...]

    @property
    def domain(self) -> str:
        """Of its people's addresses."""
        return f"{self.slug}.example"
