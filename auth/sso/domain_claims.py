"""A tenant's domains, as its owners and our operators look after them; those of the tenant whose scope is open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auth.audit import AuditSubject, record
from auth.sso.connection_settings import ChangeRefusedError, Problem, ProblemKind
from auth.sso.domain_name import domain_name
from auth.sso.domains import DnsTextRecords, DomainTakenError, add_domain, has_record, note_record, record_name
from models.shared import Domain
from tenancy.both_schemas import in_both_schemas
from tenancy.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from tortoise.queryset import QuerySet

    from auth.sso.connection import Author
    from auth.sso.domains import TextRecords
    from auth.sso.look_ups import LookUps
    from settings import Settings

MOST_DOMAINS: Final = 100


class DomainClaims:
    """The domains of the tenant whose scope is open."""

    def __init__(self, settings: Settings, look_ups: LookUps, records: TextRecords | None = None) -> None:
        self._look_ups = look_ups
        self._records = records or DnsTextRecords(settings)

    async def all(self) -> list[Domain]:
        """All of them, by name."""
        return await _own().order_by("name")

    async def named(self, name: str) -> Domain:
        """The claim of a domain.

        Raises:
            ChangeRefusedError: the tenant has not claimed it.
        """
        return await _found(_own().filter(name=name.strip().lower()))

    async def add(self, author: Author, name: str) -> Domain:
        """A claim, good for nothing until it is verified. The same claim again is the one there is.

        Raises:
            ChangeRefusedError: it is no name of a domain, or one too many.
        """
        checked = domain_name(name)
        if checked is None:
            raise ChangeRefusedError(Problem("name", "This is no name of a domain, such as example.com."))
        known = await _own().filter(name=checked).first()
        if known is not None:
            return known
        async with in_both_schemas():
            if await _own().count() >= MOST_DOMAINS:
                message = f"A tenant has at most {MOST_DOMAINS} domains."
                raise ChangeRefusedError(Problem("name", message, ProblemKind.CONFLICT))
            domain = await add_domain(_tenant_id(), checked)
            await _record(author, "domain:add", domain)
        return domain

    async def verify(self, author: Author, domain_id: UUID) -> Domain:
        """Look for the record that proves it. A domain whose record is gone is verified no more.

        Raises:
            ChangeRefusedError: there is no such claim, or no such record (that is noted), or another tenant has proved
                that the domain is its own.
        """
        domain = await _found(_own().filter(id=domain_id))
        with self._look_ups.one(_tenant_id(), "id"):
            found = await has_record(domain, self._records)
        before = domain.verified_at is not None
        try:
            async with in_both_schemas():
                if found is not before:
                    await _record(author, "domain:verify" if found else "domain:lose", domain)
                await note_record(domain, found=found)
        except DomainTakenError as taken:
            message = "This domain is verified for another organisation."
            raise ChangeRefusedError(Problem("id", message, ProblemKind.CONFLICT)) from taken
        return domain

    async def remove(self, author: Author, domain_id: UUID) -> Domain:
        """Take the claim back, and what hangs on it: sign-in by addresses in it, and new members.

        Raises:
            ChangeRefusedError: there is no such claim.
        """
        async with in_both_schemas():
            domain = await _found(_own().filter(id=domain_id).select_for_update())
            await _record(author, "domain:remove", domain)
            await domain.delete()
        return domain


def missing_record(domain: Domain) -> str:
    """What to tell somebody whose domain is not verified."""
    return f"There is no such TXT record at {record_name(domain.name)}."


def _tenant_id() -> UUID:
    return current_scope().placement.tenant_id


def _own() -> QuerySet[Domain]:
    return Domain.filter(tenant_id=_tenant_id())


async def _found(domains: QuerySet[Domain]) -> Domain:
    domain = await domains.first()
    if domain is None:
        raise ChangeRefusedError(Problem("id", "There is no such domain.", ProblemKind.UNKNOWN))
    return domain


async def _record(author: Author, action: str, domain: Domain) -> None:
    await record(
        author.actor,
        action,
        AuditSubject("domain", domain.id),
        details={"name": domain.name},
        request_id=author.request_id,
    )
