"""A sign-in that signs nobody in: it shows what the provider says about a person, and what that would come to.

Whoever may change a connection gets a ticket to rehearse with it. The ticket opens nothing else: at its end there is a
page with the tester's own claims, and a note on the connection that it works.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from auth.sealing import Purpose, UnsealError, seal, unseal
from auth.sso.connection_staging import prove
from auth.sso.domain_name import domain_of_address
from auth.sso.domains import is_verified
from auth.sso.provisioning import mapping_of
from auth.sso.refusal import Refusal, SignInRefusedError
from models.tenant import Member, MemberKind
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.sso.id_token import Identity
    from auth.sso.provider import Provider
    from models.tenant import OrgUnit, Role
    from settings import Settings
    from tenancy.placement import TenantPlacement

TICKET_SECONDS: Final = 900

_BOUND_TO: Final = "ticket"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a sign-in would have come to.

    Attributes:
        connection: what people know the provider by.
        claims: what it said.
        member: the address of the member who would have been signed in, or become one; ``None``: nobody.
        outcome: the same in a sentence.
        roles, org_unit: what a new member would get, where the connection makes members.
    """

    connection: str
    claims: Mapping[str, object]
    member: str | None
    outcome: str
    roles: tuple[str, ...]
    org_unit: str | None


def test_ticket(settings: Settings, provider_id: UUID) -> str:
    """What lets its bearer rehearse with one connection, for a quarter of an hour."""
    fields = {"provider": str(provider_id), "until": int(time.time()) + TICKET_SECONDS}
    sealed = seal(settings, Purpose.CONNECTION_TEST, orjson.dumps(fields), bound_to=_BOUND_TO)
    return urlsafe_b64encode(sealed).decode()


def ticket_holder(settings: Settings, ticket: str) -> UUID:
    """The connection that a ticket is for.

    Raises:
        SignInRefusedError: the ticket is not ours, or over.
    """
    try:
        sealed = urlsafe_b64decode(ticket.encode("ascii"))
        fields = orjson.loads(unseal(settings, Purpose.CONNECTION_TEST, sealed, bound_to=_BOUND_TO))
    except (ValueError, UnsealError) as failure:
        raise SignInRefusedError(Refusal.TICKET) from failure
    if time.time() > fields["until"]:
        raise SignInRefusedError(Refusal.TICKET)
    return UUID(fields["provider"])


async def rehearse(placement: TenantPlacement, provider: Provider, identity: Identity) -> Rehearsal:
    """What this identity would come to, with nothing changed but the note that the connection works.

    Raises:
        SignInRefusedError: what was tested can't be put in force.
    """
    verified_domain = identity.email is not None and await is_verified(
        placement.tenant_id, domain_of_address(identity.email)
    )
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        unit: OrgUnit | None = None
        roles: list[Role] = []
        if provider.provision_members:
            try:
                unit, roles = await mapping_of(provider, identity)
            except SignInRefusedError:
                unit = None
        member, outcome = await _outcome(provider, identity, verified_domain=verified_domain, has_unit=unit is not None)
    await prove(placement, provider.id, provider.revision)
    return Rehearsal(
        connection=provider.name,
        claims=identity.claims,
        member=member,
        outcome=outcome,
        roles=tuple(role.key for role in roles),
        org_unit=None if unit is None else unit.name,
    )


async def _outcome(
    provider: Provider, identity: Identity, *, verified_domain: bool, has_unit: bool
) -> tuple[str | None, str]:
    known = await Member.get_or_none(identity_provider_id=provider.id, subject=identity.subject)
    if known is not None:
        return known.email, "This member would be signed in." if known.active else "This member is not active."
    problem = _problem(provider, identity, verified_domain=verified_domain)
    if problem is not None:
        return None, problem
    linked = await Member.filter(email__iexact=identity.email).first()
    if linked is not None:
        good = linked.kind is MemberKind.PERSON and linked.active and linked.subject is None
        return (linked.email, "This member would be signed in.") if good else (None, "The account is taken or closed.")
    if not provider.provision_members:
        return None, "No member has this e-mail address, and this connection makes no members."
    return (identity.email, "A new member would be made.") if has_unit else (None, "New members have no org unit.")


def _problem(provider: Provider, identity: Identity, *, verified_domain: bool) -> str | None:
    if identity.email is None:
        return "The provider sent no e-mail address, so nobody can be found."
    if not identity.email_verified and provider.saml is not None and "email_verified" not in provider.claim_names:
        return (
            "The e-mail address is outside the organisation's verified domains, and the connection names no attribute"
            " that says it is verified, so nobody is found by it."
        )
    if not identity.email_verified:
        return "The provider does not say that the e-mail address is verified, so nobody is found by it."
    if provider.provision_members and not verified_domain:
        return "The e-mail address is outside the organisation's verified domains."
    return None
