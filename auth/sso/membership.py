"""From an identity to a member of the tenant that was asked for, and of no other.

An identity is (identity provider, subject). A provider's word counts in the one tenant that configured it, so another
tenant's provider can say what it likes. A member who has never signed in is found by e-mail address, once, and only if
the provider vouches for the address; from then on the address means nothing.

A connection that provisions makes a member of somebody unknown. Then its word would be enough to be anybody, so it
counts for addresses inside the domains that the tenant has proved to be its own, and for no others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auth.sso.domain_name import domain_of_address
from auth.sso.domains import is_verified
from auth.sso.provisioning import provision
from auth.sso.refusal import Refusal, SignInRefusedError
from tenancy.scope import NotWrittenError, tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.id_token import Identity
    from auth.sso.provider import Provider
    from tenancy.placement import TenantPlacement
    from tenancy.scope import TenantSession

_BY_IDENTITY: Final = "SELECT id, active FROM member WHERE identity_provider_id = $1 AND subject = $2"

# COLLATE "C" folds ASCII letters and no others: under other rules a Kelvin sign is a k, and somebody's address somebody
# else's. Two members whose addresses differ in case only are told apart by nobody. A client's member or support's is no
# person, whoever vouches for its address.
_LINK: Final = """
UPDATE member SET identity_provider_id = $1, subject = $2, version = version + 1, updated_at = now()
WHERE lower(email COLLATE "C") = lower($3::text COLLATE "C")
    AND kind = 'person' AND active AND identity_provider_id IS NULL AND subject IS NULL
    AND 1 = (SELECT count(*) FROM member AS twin WHERE lower(twin.email COLLATE "C") = lower($3::text COLLATE "C"))
RETURNING id
"""


async def member_of(placement: TenantPlacement, provider: Provider, identity: Identity) -> UUID:
    """The member that an identity belongs to. Where the connection says so, somebody unknown becomes one.

    Raises:
        SignInRefusedError: nobody, or somebody who may not sign in.
    """
    known = await _known(placement, provider, identity)
    if known is not None:
        return known
    if identity.email is None or not identity.email_verified:
        raise SignInRefusedError(Refusal.EMAIL_UNVERIFIED)
    if provider.provision_members and not await is_verified(placement.tenant_id, domain_of_address(identity.email)):
        raise SignInRefusedError(Refusal.EMAIL_DOMAIN)
    linked = await _link(placement, provider, identity)
    if linked is None:
        # Of two first sign-ins at once one links, and both find the member.
        linked = await _known(placement, provider, identity)
    if linked is None and provider.provision_members:
        return await provision(placement, provider, identity)
    if linked is None:
        raise SignInRefusedError(Refusal.NO_SUCH_MEMBER)
    return linked


async def _link(placement: TenantPlacement, provider: Provider, identity: Identity) -> UUID | None:
    # Nobody is acting yet, so there are no grants that could be outdated.
    async with tenant_scope(placement, authorization_version=None) as session:
        values = (provider.id, identity.subject, identity.email)
        try:
            rows = await session.fetch_alone(_LINK, *values, settled=True)
        except NotWrittenError:
            rows = await session.fetch(_LINK, *values)
    return rows[0]["id"] if rows else None


async def _known(placement: TenantPlacement, provider: Provider, identity: Identity) -> UUID | None:
    async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
        return await _by_identity(session, provider, identity)


async def _by_identity(session: TenantSession, provider: Provider, identity: Identity) -> UUID | None:
    rows = await session.fetch(_BY_IDENTITY, provider.id, identity.subject)
    if not rows:
        return None
    if not rows[0]["active"]:
        raise SignInRefusedError(Refusal.MEMBER_INACTIVE)
    member_id: UUID = rows[0]["id"]
    return member_id
