"""Writing groups for a provider, and the roles that the connection maps them to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scim2_models import InvalidValueException, NotFoundException

from auth.scim.identifier import identifier
from auth.scim.ownership import leaves_no_owner, top_roles
from auth.scim.refusal import refuse
from auth.scim.user import meta_of
from auth.scim.users import check_version, write
from auth.sso.role_mapping import may_be_mapped
from auth.tenant_roles import tenant_roles
from models.tenant import GroupMembership, Member, MemberGroup, MemberKind, Role, RoleAssignment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from scim2_models import Resource

    from models.shared import IdentityProvider

_LONGEST: Final = 255


def group_of(model: type[Resource[Any]], group: MemberGroup, members: Iterable[Member]) -> Resource[Any]:
    """The resource."""
    belong = [{"value": str(member.id), "$ref": f"Users/{member.id}", "type": "User"} for member in members]
    found = model.model_validate(
        {
            "id": str(group.id),
            "displayName": group.display_name,
            "externalId": group.external_id,
            "members": belong or None,
        }
    )
    found.meta = meta_of(group, "Group")
    return found


async def group_named(group_id: UUID | None) -> MemberGroup:
    """The group.

    Raises:
        NotFoundException: there is none.
    """
    group = group_id and await MemberGroup.get_or_none(id=group_id)
    if not group:
        raise NotFoundException(detail="no such group")
    return group


async def create_group(resource: Any, provider: IdentityProvider, group_id: UUID) -> MemberGroup:  # noqa: ANN401 - see user.py
    """A new group with its members and the roles that the connection maps it to."""
    columns = _columns(resource)
    group = await MemberGroup.create(id=group_id, identity_provider_id=provider.id, **columns)
    await _map_roles(group, provider, ())
    await _set_members(group, await _members(resource))
    return group


async def update_group(
    resource: Any,  # noqa: ANN401 - see user.py
    provider: IdentityProvider,
    expected: str | None,
    group_id: UUID | None,
) -> MemberGroup:
    """Bring a group to the state that the provider wants.

    Raises:
        PreconditionFailedException: it has another version than the caller thinks.
        ForbiddenException: it would make an owner, or leave the tenant without one.
    """
    group = await group_named(group_id)
    check_version(group, expected)
    known_as = (group.display_name, group.external_id)
    await write(group, **_columns(resource))
    group = await group_named(group.id)
    await _map_roles(group, provider, known_as)
    await _set_members(group, await _members(resource))
    return group


async def delete_group(group_id: UUID | None, expected: str | None) -> MemberGroup:
    """Remove a group, and what its members held through it."""
    group = await group_named(group_id)
    check_version(group, expected)
    if await leaves_no_owner(lambda _, through: through == group.id):
        refuse("scim:keep_last_owner", "member_group", group.id, "the last owner cannot be deprovisioned")
    await group.delete()
    return group


def _columns(resource: Any) -> dict[str, Any]:  # noqa: ANN401 - see user.py
    columns = {"display_name": resource.display_name, "external_id": resource.external_id}
    if any(len(value or "") > _LONGEST for value in columns.values()):
        raise InvalidValueException(detail=f"a value is longer than {_LONGEST} characters")
    return columns


async def _members(resource: Any) -> set[UUID]:  # noqa: ANN401 - see user.py
    named = {identifier(str(member.value)) for member in resource.members or []}
    found = await Member.filter(
        id__in=[key for key in named if key], kind=MemberKind.PERSON, deprovisioned_at=None
    ).values_list("id")
    if len(found) != len(named):
        raise InvalidValueException(detail="a member is not a user of this tenant")
    return {row[0] for row in found}


async def _set_members(group: MemberGroup, wanted: set[UUID]) -> None:
    present = {row[0] for row in await GroupMembership.filter(group_id=group.id).values_list("member_id")}
    added, removed = wanted - present, present - wanted
    if added and await RoleAssignment.filter(group_id=group.id, role_id__in=list(await top_roles())).exists():
        refuse("scim:refuse_promotion", "member_group", group.id, "nobody becomes an owner by way of a group")
    if removed and await leaves_no_owner(lambda owner, through: through == group.id and owner in removed):
        refuse("scim:keep_last_owner", "member_group", group.id, "the last owner cannot be deprovisioned")
    await GroupMembership.filter(group_id=group.id, member_id__in=list(removed)).delete()
    await GroupMembership.bulk_create([GroupMembership(group_id=group.id, member_id=member) for member in added])


async def _map_roles(group: MemberGroup, provider: IdentityProvider, known_as: tuple[str | None, ...]) -> None:
    """Give the group the roles that its name is mapped to, and take those that only its former name was."""
    top, permissions = await top_roles(), await tenant_roles()
    roles = {role.key: role.id for role in await Role.all() if role.id not in top}
    claims = {"groups", provider.claim_names.get("groups")}
    mapped = [entry for entry in provider.role_mapping if entry.get("claim") in claims and entry.get("role") in roles]

    def meant(names: tuple[str | None, ...]) -> set[str]:
        return {entry["role"] for entry in mapped if entry["value"] in names}

    # As for those who sign in: a role may have been given more since it was put on the list.
    wanted = {
        roles[key]
        for key in meant((group.display_name, group.external_id))
        if may_be_mapped(key, permissions.get(key, frozenset()))
    }
    former = {roles[key] for key in meant(known_as)}
    held = {row[0] for row in await RoleAssignment.filter(group_id=group.id).values_list("role_id")}
    await RoleAssignment.filter(group_id=group.id, org_unit_id=None, role_id__in=list(former - wanted)).delete()
    for role_id in wanted - held:
        await RoleAssignment.create(group_id=group.id, role_id=role_id, org_unit_id=None)
