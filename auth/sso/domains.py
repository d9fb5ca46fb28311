"""Domains that a tenant has proved to be its own, by a record that only the owner of the zone can make.

Two things hang on a verified domain: sign-in finds the tenant of an e-mail address by it, and a connection that makes
members makes them only of addresses inside it. So anybody may claim a domain, and the claim alone is good for nothing.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Protocol

import dns.asyncresolver
import dns.exception
import dns.rdatatype
from tortoise.exceptions import IntegrityError
from tortoise.transactions import in_transaction

from models.shared import Domain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from settings import Settings

RECORD_LABEL: Final = "_fieldgate-challenge"
RECORD_PREFIX: Final = "fieldgate-domain-verification="
LOOK_UP_SECONDS: Final = 5.0

_MAX_RECORDS: Final = 100


class DomainTakenError(Exception):
    """Another tenant has proved that the domain is its own. The message says nothing of whose."""


class TextRecords(Protocol):
    """Finds what a name's TXT records say. None at all is an empty answer, and so is a zone that can't be asked."""

    async def __call__(self, name: str) -> Sequence[str]: ...


class DnsTextRecords:
    """TXT records by DNS."""

    def __init__(self, settings: Settings) -> None:
        self._server = settings.dns_server

    async def __call__(self, name: str) -> Sequence[str]:
        """The records of exactly this name: search domains of this machine would answer for somebody else."""
        resolver = dns.asyncresolver.Resolver(configure=self._server is None)
        if self._server is not None:
            host, _, port = self._server.rpartition(":")
            resolver.nameservers, resolver.port = [host], int(port)
        resolver.lifetime = LOOK_UP_SECONDS
        # A verification that was just set up must not wait for our own memory of its absence.
        resolver.cache = None
        try:
            answer = await resolver.resolve(f"{name}.", dns.rdatatype.TXT, search=False)
        except dns.exception.DNSException:
            return []
        return [b"".join(record.strings).decode("ascii", "replace") for record in list(answer)[:_MAX_RECORDS]]


def record_name(domain: str) -> str:
    """Where the record has to be."""
    return f"{RECORD_LABEL}.{domain}"


def record_value(token: str) -> str:
    """What it has to say."""
    return f"{RECORD_PREFIX}{token}"


async def add_domain(tenant_id: UUID, name: str) -> Domain:
    """A claim, to be verified. The same claim again is the one there is.

    Args:
        tenant_id: who claims it.
        name: from ``domain_name``.
    """
    known = await Domain.get_or_none(tenant_id=tenant_id, name=name)
    if known is not None:
        return known
    try:
        async with in_transaction("shared"):
            return await Domain.create(tenant_id=tenant_id, name=name, verification_token=secrets.token_urlsafe(32))
    except IntegrityError:  # somebody of the same tenant was quicker
        return await Domain.get(tenant_id=tenant_id, name=name)


async def verify_domain(domain: Domain, records: TextRecords) -> bool:
    """Look for the record, and remember what was seen. A domain that loses its record loses what hangs on it.

    Raises:
        DomainTakenError: it is verified already, for another tenant.
    """
    found = await has_record(domain, records)
    await note_record(domain, found=found)
    return found


async def has_record(domain: Domain, records: TextRecords) -> bool:
    """Whether the record is there."""
    wanted = record_value(domain.verification_token).encode()
    said = await records(record_name(domain.name))
    return any(hmac.compare_digest(record.strip().encode(), wanted) for record in said)


async def note_record(domain: Domain, *, found: bool) -> None:
    """Remember whether the record was there.

    Raises:
        DomainTakenError: it was, and the domain is verified already, for another tenant.
    """
    now = datetime.now(UTC)
    verified_at = (domain.verified_at or now) if found else None
    try:
        await Domain.filter(id=domain.id).update(verified_at=verified_at, checked_at=now)
    except IntegrityError as failure:
        raise DomainTakenError from failure
    domain.verified_at, domain.checked_at = verified_at, now


async def tenant_of_domain(name: str) -> UUID | None:
    """Whose domain it has been proved to be."""
    found = await Domain.filter(name=name, verified_at__isnull=False).first()
    return None if found is None else found.tenant_id


async def is_verified(tenant_id: UUID, name: str | None) -> bool:
    """Whether it is this tenant's. Subdomains are names of their own."""
    return name is not None and await Domain.filter(tenant_id=tenant_id, name=name, verified_at__isnull=False).exists()
