"""Making a member of somebody who signs in for the first time, where the connection says so (just in time).

What a provider says is taken once: it names the person and gives the first roles, by the connection's own list. From
then on roles are the tenant's business, so that a role which an administrator took away does not come back by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tortoise.exceptions import IntegrityError

from auth.audit import Actor, AuditSubject, record
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.role_mapping import mapped_roles, may_be_mapped
from auth.tenant_roles import tenant_roles
from models.tenant import AuditActorKind, Member, OrgUnit, Role, RoleAssignment
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.id_token import Identity
    from auth.sso.provider import Provider
    from tenancy.placement import TenantPlacement


async def provision(placement: TenantPlacement, provider: Provider, identity: Identity) -> UUID:
    """A new member for an identity whose address has been found to be verified and inside the tenant's domains.

    Raises:
        SignInRefusedError: there is no org unit to put them in, or a member of this address whom the identity is not.
    """
    try:
        async with tenant_scope(placement, authorization_version=None):
            made = await _create(provider, identity)
    except IntegrityError:
        made = None
    # Two first sign-ins at once: one makes the member, and the other finds it.
    return made or await _made_meanwhile(placement, provider, identity)


async def mapping_of(provider: Provider, identity: Identity) -> tuple[OrgUnit, list[Role]]:
    """Where the open tenant would put a new member, and the roles they would get.

    Raises:
        SignInRefusedError: there is no org unit to put them in.
    """
    wanted = provider.default_org_unit_id
    units = OrgUnit.filter(parent_id=None) if wanted is None else OrgUnit.filter(id=wanted)
    unit = await units.order_by("id").first()
    if unit is None:
        raise SignInRefusedError(Refusal.ORG_UNIT_MISSING)
    held = await tenant_roles()
    # Asked again here: a role may have been given more since it was put on the list.
    allowed = [
        key for key in mapped_roles(provider.role_rules, identity) if may_be_mapped(key, held.get(key, frozenset()))
    ]
    return unit, await Role.filter(key__in=allowed).order_by("key")


async def _create(provider: Provider, identity: Identity) -> UUID | None:
    assert identity.email is not None  # noqa: S101 # the caller's condition
    unit, roles = await mapping_of(provider, identity)
    if await Member.filter(email__iexact=identity.email).exists():
        # Somebody else's account, or one that is switched off: a new one beside it would be taken for it.
        return None
    member = await Member.create(
        email=identity.email,
        full_name=identity.full_name or identity.email,
        org_unit_id=unit.id,
        identity_provider_id=provider.id,
        subject=identity.subject,
    )
    for role in roles:
        await RoleAssignment.create(member_id=member.id, role_id=role.id, org_unit_id=unit.id)
    await record(
        Actor(AuditActorKind.IDENTITY_PROVIDER, provider.id),
        "member:provision",
        AuditSubject("member", member.id),
        details={"roles": [role.key for role in roles]},
    )
    member_id: UUID = member.id
    return member_id


async def _made_meanwhile(placement: TenantPlacement, provider: Provider, identity: Identity) -> UUID:
    async with tenant_scope(placement, authorization_version=None, read_only=True):
        member = await Member.get_or_none(identity_provider_id=provider.id, subject=identity.subject, active=True)
    if member is None:
        raise SignInRefusedError(Refusal.NO_SUCH_MEMBER)
    made: UUID = member.id
    return made
