"""Writing members for a provider."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from scim2_models import InvalidValueException, NotFoundException, PreconditionFailedException, UniquenessException

from auth.scim.comparison import folded
from auth.scim.ownership import holds_top_role, leaves_no_owner
from auth.scim.refusal import refuse
from auth.scim.user import columns_of, version_of
from models.tenant import GroupMembership, Member, MemberGroup, MemberKind, OrgUnit, RoleAssignment
from tenancy.scope import current_scope

if TYPE_CHECKING:
    from uuid import UUID

    from models.shared import IdentityProvider

_ASIDE = """
UPDATE member SET email = id::text || '@deleted.invalid', identity_provider_id = NULL, subject = NULL,
    version = version + 1, updated_at = now()
WHERE deprovisioned_at IS NOT NULL AND lower(email COLLATE "C") = lower($1::text COLLATE "C")
"""
_TAKEN = """
SELECT 1 FROM member WHERE id <> $1 AND lower(email COLLATE "C") = ANY (ARRAY[lower($2::text COLLATE "C")])
UNION ALL
SELECT 1 FROM member WHERE id <> $1 AND user_name IS NULL AND deprovisioned_at IS NULL AND lower(email) = $3
"""


async def member_named(member_id: UUID | None) -> Member:
    """The member that a provider means.

    Raises:
        NotFoundException: there is none, or it is a service, or was deleted by the provider.
    """
    member = member_id and await Member.get_or_none(id=member_id, kind=MemberKind.PERSON, deprovisioned_at=None)
    if not member:
        raise NotFoundException(detail="no such user")
    return member


async def create_member(user: Any, provider: IdentityProvider, member_id: UUID) -> Member:  # noqa: ANN401 - see user.py
    """A new member.

    Raises:
        UniquenessException: somebody has the user name or the address.
    """
    columns = {"active": True, **columns_of(user)}
    columns["scim_attributes"].pop("active", None)
    # Whoever had the address and was deleted does not keep it: the new member may be another person.
    await current_scope().fetch(_ASIDE, columns["email"])
    await _check_free(member_id, columns)
    return await Member.create(id=member_id, org_unit_id=await _org_unit(provider), **columns)


async def update_member(user: Any, expected: str | None, member_id: UUID | None) -> Member:  # noqa: ANN401 - as above
    """Bring a member to the state that the provider wants.

    Raises:
        PreconditionFailedException: it has another version than the caller thinks.
        UniquenessException: somebody else has the user name or the address.
        ForbiddenException: it would leave the tenant without an owner, or make somebody else of one.
    """
    member = await member_named(member_id)
    check_version(member, expected)
    columns = columns_of(user)
    await _check_free(member.id, columns)
    # By the address somebody is found who signs in for the first time: with another one, it would be somebody else.
    moved = member.subject is None and columns["email"].lower() != member.email.lower()
    if moved and await holds_top_role(member.id):
        refuse("scim:refuse_promotion", "member", member.id, "the address of an owner who has never signed in stays")
    if member.active and not columns.get("active", True):
        await _check_owner_left(member)
    await write(member, **columns)
    return await member_named(member.id)


async def delete_member(member_id: UUID | None, expected: str | None) -> Member:
    """Deactivate a member for good: without groups, roles or a name that could be in somebody's way.

    The address and the identity stay, so that signing in does not make a new member of who was deleted.
    """
    member = await member_named(member_id)
    check_version(member, expected)
    await _check_owner_left(member)
    for group in await MemberGroup.filter(memberships__member_id=member.id):
        await write(group)
    await GroupMembership.filter(member_id=member.id).delete()
    await RoleAssignment.filter(member_id=member.id).delete()
    gone = {"user_name": None, "user_name_key": None, "external_id": None, "scim_attributes": None}
    await write(member, active=False, deprovisioned_at=datetime.now(UTC), **gone)
    return member


def check_version(row: Member | MemberGroup, expected: str | None) -> None:
    """Refuse to write over what the caller has not seen.

    Raises:
        PreconditionFailedException: the version is another.
    """
    if expected is not None and expected != version_of(row):
        raise PreconditionFailedException


async def write(row: Member | MemberGroup, **columns: object) -> None:
    """Write columns and count the version, unless somebody else has in between.

    Raises:
        PreconditionFailedException: somebody has.
    """
    same = type(row).filter(id=row.id, version=row.version)
    if not await same.update(version=row.version + 1, updated_at=datetime.now(UTC), **columns):
        raise PreconditionFailedException


async def _check_free(member_id: UUID, columns: dict[str, Any]) -> None:
    key = columns["user_name_key"]
    named = await Member.filter(user_name_key=key).exclude(id=member_id).exists()
    if named or await current_scope().fetch(_TAKEN, member_id, columns["email"], folded(key)):
        raise UniquenessException(detail="the userName or an e-mail address is taken")


async def _check_owner_left(member: Member) -> None:
    if member.active and await leaves_no_owner(lambda owner, _: owner == member.id):
        refuse("scim:keep_last_owner", "member", member.id, "the last owner cannot be deprovisioned")


async def _org_unit(provider: IdentityProvider) -> UUID:
    chosen = provider.default_org_unit_id and await OrgUnit.get_or_none(id=provider.default_org_unit_id)
    unit = chosen or await OrgUnit.filter(parent_id__isnull=True).order_by("id").first()
    if unit is None:
        raise InvalidValueException(detail="the tenant has no org unit to put anybody in")
    return unit.id
