from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from auth.sso.domain_claims import missing_record
from auth.sso.domains import record_name, record_value
from models.shared import Domain
from resolvers.administration import author_of, noting_problems, row_key
from resolvers.context import Context, Info
from resolvers.user_error import UserError
from resolvers.writes import Problems, Written


@dataclass(frozen=True, slots=True)
class DomainAnswer:
    """The attributes behind the fields of ``Domain``."""

    id: UUID
    name: str
    verified_at: datetime | None
    checked_at: datetime | None
    record_name: str
    record_value: str


@dataclass(frozen=True, slots=True)
class DomainChange:
    """The attributes behind the fields of a payload."""

    user_errors: list[UserError]
    domain: DomainAnswer | None = None


async def domains(info: Info) -> list[DomainAnswer]:
    """The tenant's domains, by name."""
    return _described(await info.context.administration.domains.all())


async def add(context: Context, written: Written) -> DomainChange:
    """Claim a domain.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems, found = author_of(context), Problems(written), []
    with noting_problems(problems):
        found.append(await context.administration.domains.add(author, written.values["name"]))
    return DomainChange(problems.errors, *_described(found))


async def verify(context: Context, written: Written) -> DomainChange:
    """Look for the record that proves a domain.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems, found = author_of(context), Problems(written), []
    with noting_problems(problems):
        domain = await context.administration.domains.verify(author, row_key(written.values["id"]))
        found.append(domain)
        if domain.verified_at is None:
            problems.add("id", missing_record(domain))
    return DomainChange(problems.errors, *_described(found))


async def remove(context: Context, written: Written) -> DomainChange:
    """Take the claim of a domain back.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    with noting_problems(problems):
        await context.administration.domains.remove(author, row_key(written.values["id"]))
    return DomainChange(problems.errors)


def _described(domains: Iterable[Domain]) -> list[DomainAnswer]:
    return [
        DomainAnswer(
            id=domain.id,
            name=domain.name,
            verified_at=domain.verified_at,
            checked_at=domain.checked_at,
            record_name=record_name(domain.name),
            record_value=record_value(domain.verification_token),
        )
        for domain in domains
    ]
