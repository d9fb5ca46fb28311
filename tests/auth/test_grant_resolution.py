"""Grants follow from assignments, whatever the shape of roles and units; checked against a slow, plain reading."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from tortoise.exceptions import IntegrityError

from auth import grant_resolution
from auth.grant_resolution import resolve_grants
from auth.grants import NO_GRANTS, GrantState
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.unauthenticated import UnauthenticatedError
from models.tenant import (
    AuthorizationState,
    GroupMembership,
    Member,
    MemberGroup,
    OrgUnit,
    Role,
    RoleAssignment,
    RoleInclusion,
)
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.grants import Grants
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person


@pytest.fixture
async def place(owner: Person) -> AsyncIterator[TenantPlacement]:
    """A tenant whose roles and assignments are put back as they were."""
    yield owner.placement
    async with tenant_scope(owner.placement, authorization_version=None):
        await RoleAssignment.all().delete()
        await MemberGroup.all().delete()
        await RoleInclusion.all().delete()
        await Role.filter(built_in=False).delete()
        await Role.filter(built_in=True).update(permissions=[])


async def assign(place: TenantPlacement, member_id: UUID, role_key: str, unit: UUID | None) -> None:
    async with tenant_scope(place, authorization_version=None):
        role = await Role.get(key=role_key)
        await RoleAssignment.create(member_id=member_id, role_id=role.id, org_unit_id=unit)


async def make_role(place: TenantPlacement, permissions: list[str], *, includes: tuple[str, ...] = ()) -> str:
    async with tenant_scope(place, authorization_version=None):
        role = await Role.create(key=f"own-{uuid4().hex}", name="Own", permissions=permissions)
        for key in includes:
            await RoleInclusion.create(role_id=role.id, included_id=(await Role.get(key=key)).id)
    return role.key


async def make_unit(place: TenantPlacement, parent: UUID | None) -> UUID:
    async with tenant_scope(place, authorization_version=None):
        return (await OrgUnit.create(name="Unit", parent_id=parent)).id


async def grants_of(person: Person) -> Grants:
    return (await resolve_grants(person.placement, person.member_id)).grants


async def test_a_member_without_an_assignment_may_do_nothing(owner: Person) -> None:
    assert await grants_of(owner) == NO_GRANTS


@pytest.mark.parametrize("key", sorted(BUILT_IN_ROLES))
async def test_a_built_in_role_takes_its_permissions_from_the_code(
    owner: Person, place: TenantPlacement, key: str
) -> None:
    await assign(place, owner.member_id, key, None)
    assert (await grants_of(owner)).everywhere == BUILT_IN_ROLES[key]


async def test_permissions_stored_with_a_built_in_role_are_not_read(owner: Person, place: TenantPlacement) -> None:
    async with tenant_scope(place, authorization_version=None):
        await Role.filter(key="auditor").update(permissions=["company:write"])
    await assign(place, owner.member_id, "auditor", None)
    assert (await grants_of(owner)).state(Permission.COMPANY_WRITE) is GrantState.NOWHERE


async def test_an_assignment_holds_in_the_unit_and_below_it_only(owner: Person, place: TenantPlacement) -> None:
    region = await make_unit(place, owner.org_unit_id)
    branch = await make_unit(place, region)
    desk = await make_unit(place, branch)
    elsewhere = await make_unit(place, owner.org_unit_id)
    await assign(place, owner.member_id, "analyst", region)
    grants = await grants_of(owner)
    assert grants.everywhere == frozenset()
    assert grants.units(Permission.COMPANY_READ) == {region, branch, desk}
    assert not grants.allows(Permission.COMPANY_READ, elsewhere)
    assert not grants.allows(Permission.COMPANY_READ, owner.org_unit_id)


async def test_two_assignments_add_up_and_everywhere_wins(owner: Person, place: TenantPlacement) -> None:
    north, south = await make_unit(place, owner.org_unit_id), await make_unit(place, owner.org_unit_id)
    await assign(place, owner.member_id, "analyst", north)
    await assign(place, owner.member_id, "analyst", south)
    assert (await grants_of(owner)).units(Permission.COMPANY_READ) == {north, south}
    await assign(place, owner.member_id, "auditor", None)
    grants = await grants_of(owner)
    assert grants.state(Permission.COMPANY_READ) is GrantState.EVERYWHERE
    assert grants.units(Permission.COMPANY_WRITE) == {north, south}


async def test_an_unknown_permission_grants_nothing(owner: Person, place: TenantPlacement) -> None:
    key = await make_role(place, ["company:read", "company:fly", "", "*", "company:*"])
    await assign(place, owner.member_id, key, None)
    assert (await grants_of(owner)).everywhere == {Permission.COMPANY_READ}


async def test_a_role_holds_what_the_roles_it_includes_hold_to_any_depth(owner: Person, place: TenantPlacement) -> None:
    lowest = await make_role(place, ["contact:read"])
    middle = await make_role(place, ["company:read"], includes=(lowest,))
    top = await make_role(place, [], includes=(middle,))
    await assign(place, owner.member_id, top, None)
    assert (await grants_of(owner)).everywhere == {Permission.CONTACT_READ, Permission.COMPANY_READ}


async def test_roles_that_include_each_other_end(owner: Person, place: TenantPlacement) -> None:
    one = await make_role(place, ["contact:read"])
    other = await make_role(place, ["company:read"], includes=(one,))
    async with tenant_scope(place, authorization_version=None):
        await RoleInclusion.create(role_id=(await Role.get(key=one)).id, included_id=(await Role.get(key=other)).id)
    await assign(place, owner.member_id, one, owner.org_unit_id)
    grants = await grants_of(owner)
    assert grants.in_units.keys() == {Permission.CONTACT_READ, Permission.COMPANY_READ}


async def test_units_in_a_circle_end(owner: Person, place: TenantPlacement) -> None:
    first = await make_unit(place, None)
    second = await make_unit(place, first)
    async with tenant_scope(place, authorization_version=None):
        await OrgUnit.filter(id=first).update(parent_id=second)
    await assign(place, owner.member_id, "analyst", first)
    assert (await grants_of(owner)).units(Permission.COMPANY_READ) == {first, second}
    async with tenant_scope(place, authorization_version=None):
        await OrgUnit.filter(id=first).update(parent_id=None)


async def test_another_members_assignments_do_not_count(owner: Person, place: TenantPlacement) -> None:
    async with tenant_scope(place, authorization_version=None):
        other = await Member.create(email="other@acme.example", full_name="Other", org_unit_id=owner.org_unit_id)
    await assign(place, other.id, "owner", None)
    assert await grants_of(owner) == NO_GRANTS


async def test_a_groups_role_is_held_by_its_members_as_long_as_they_are_in_it(
    owner: Person, place: TenantPlacement
) -> None:
    region = await make_unit(place, owner.org_unit_id)
    async with tenant_scope(place, authorization_version=None):
        group = await MemberGroup.create(display_name="Analysts")
        role = await Role.get(key="analyst")
        await RoleAssignment.create(group_id=group.id, role_id=role.id, org_unit_id=region)
        stranger = await MemberGroup.create(display_name="Others")
        await RoleAssignment.create(group_id=stranger.id, role_id=role.id)
    assert await grants_of(owner) == NO_GRANTS
    before = (await resolve_grants(place, owner.member_id)).version
    async with tenant_scope(place, authorization_version=None):
        membership = await GroupMembership.create(group_id=group.id, member_id=owner.member_id)
    grants = await grants_of(owner)
    assert grants.everywhere == frozenset()
    assert grants.units(Permission.COMPANY_READ) == {region}
    assert (await resolve_grants(place, owner.member_id)).version > before
    async with tenant_scope(place, authorization_version=None):
        await membership.delete()
    assert await grants_of(owner) == NO_GRANTS


@pytest.mark.parametrize("both", [True, False])
async def test_a_role_is_assigned_to_a_member_or_a_group_and_not_to_both_or_neither(
    owner: Person, place: TenantPlacement, *, both: bool
) -> None:
    async with tenant_scope(place, authorization_version=None):
        group = await MemberGroup.create(display_name="Analysts")
        role = await Role.get(key="analyst")
    group_id, member_id = (group.id, owner.member_id) if both else (None, None)
    with pytest.raises(IntegrityError):
        async with tenant_scope(place, authorization_version=None):
            await RoleAssignment.create(role_id=role.id, group_id=group_id, member_id=member_id)


@pytest.mark.parametrize("change", ["inactive", "gone"])
async def test_a_member_who_is_inactive_or_gone_is_nobody(owner: Person, change: str) -> None:
    async with tenant_scope(owner.placement, authorization_version=None):
        member = Member.filter(id=owner.member_id)
        await (member.update(active=False) if change == "inactive" else member.delete())
    with pytest.raises(UnauthenticatedError):
        await resolve_grants(owner.placement, owner.member_id)


async def test_a_member_of_another_tenant_is_nobody_here(owner: Person, globex: TenantPlacement) -> None:
    with pytest.raises(UnauthenticatedError):
        await resolve_grants(globex, owner.member_id)


async def test_the_version_is_the_one_that_transactions_compare(owner: Person, place: TenantPlacement) -> None:
    before = (await resolve_grants(place, owner.member_id)).version
    await assign(place, owner.member_id, "analyst", None)
    resolved = await resolve_grants(place, owner.member_id)
    assert resolved.version > before
    async with tenant_scope(place, authorization_version=resolved.version):
        assert (await AuthorizationState.get()).version == resolved.version


@dataclass
class Plain:
    """Roles, units and assignments in Python, read the slow way."""

    roles: dict[str, frozenset[Permission]] = field(default_factory=dict)
    includes: dict[str, set[str]] = field(default_factory=dict)
    parents: dict[UUID, UUID | None] = field(default_factory=dict)
    assigned: list[tuple[str, UUID | None]] = field(default_factory=list)

    def allows(self, permission: Permission, unit: UUID) -> bool:
        return any(
            permission in self._held(role) and (top is None or self._below(unit, top)) for role, top in self.assigned
        )

    def _held(self, role: str) -> frozenset[Permission]:
        return self.roles[role].union(*(self._held(included) for included in self.includes.get(role, ())))

    def _below(self, unit: UUID, top: UUID) -> bool:
        parent = self.parents[unit]
        return unit == top or (parent is not None and self._below(parent, top))


@pytest.mark.parametrize("seed", range(8))
async def test_grants_agree_with_a_plain_reading_of_random_assignments(
    owner: Person, place: TenantPlacement, seed: int
) -> None:
    random = Random(seed)  # noqa: S311 # repeatable, not secret
    plain = Plain(parents={owner.org_unit_id: None})
    for _ in range(random.randint(1, 10)):
        parent = random.choice(list(plain.parents))
        plain.parents[await make_unit(place, parent)] = parent
    for _ in range(random.randint(1, 6)):
        permissions = frozenset(random.sample(list(Permission), random.randint(0, 6)))
        includes = tuple(random.sample(list(plain.roles), random.randint(0, min(2, len(plain.roles)))))
        key = await make_role(place, [p.value for p in permissions], includes=includes)
        plain.roles[key], plain.includes[key] = permissions, set(includes)
    options = [(role, unit) for role in plain.roles for unit in (None, *plain.parents)]
    for role, unit in random.sample(options, random.randint(0, min(5, len(options)))):
        await assign(place, owner.member_id, role, unit)
        plain.assigned.append((role, unit))

    grants = await grants_of(owner)
    for permission in Permission:
        for unit in plain.parents:
            assert grants.allows(permission, unit) == plain.allows(permission, unit)


async def test_postgresql_makes_room_for_few_units(place: TenantPlacement) -> None:
    """It does so for as many as it expects, each time. Left to itself it expected half a million in an empty tenant."""
    async with tenant_scope(place, authorization_version=None, read_only=True) as session:
        rows = await session.fetch(f"EXPLAIN {grant_resolution._RESOLVE}", uuid4())  # noqa: SLF001 - the statement itself
    expected = [
        int(number) for row in rows if "Recursive Union" in row[0] for number in re.findall(r"rows=(\d+)", row[0])
    ]
    assert len(expected) == 2
    assert max(expected) < 50_000
