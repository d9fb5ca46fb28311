"""Rows of members and groups as resources, each kind with what it refers to, in as few statements as kinds."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

from auth.scim.groups import group_of
from auth.scim.user import user_of
from models.tenant import GroupMembership, Member, MemberGroup, MemberKind

if TYPE_CHECKING:
    from uuid import UUID

    from scim2_models import Resource, ResourceType, ScimProvider
    from tortoise.queryset import QuerySet


class Reading:
    """Reads inside the tenant scope that is open."""

    def __init__(self, provider: ScimProvider) -> None:
        self._provider = provider

    def model(self, resource_type: ResourceType) -> type[Resource[Any]]:
        """The library's model of a type."""
        return cast("type[Resource[Any]]", self._provider.model_for(resource_type))

    def rows(self, resource_type: ResourceType) -> QuerySet[Any]:
        """All rows that a provider may see."""
        if resource_type.id == "User":
            return Member.filter(kind=MemberKind.PERSON, deprovisioned_at=None)
        return MemberGroup.all()

    async def resources(self, resource_type: ResourceType, rows: list[Any], *, related: bool) -> list[Resource[Any]]:
        """The resources of rows, in their order.

        Args:
            resource_type: of all of them.
            rows: what ``rows`` gave.
            related: with a user's groups, or a group's members.
        """
        model = self.model(resource_type)
        ids = [row.id for row in rows] if related else []
        if resource_type.id == "User":
            groups = await _groups_of(ids)
            return [user_of(model, row, groups[row.id]) for row in rows]
        members = await _members_of(ids)
        return [group_of(model, row, members[row.id]) for row in rows]


async def _groups_of(ids: list[UUID]) -> defaultdict[UUID, list[MemberGroup]]:
    found: defaultdict[UUID, list[MemberGroup]] = defaultdict(list)
    if ids:
        memberships = GroupMembership.filter(member_id__in=ids).order_by("id")
        for membership in await memberships.prefetch_related("group"):
            found[membership.member_id].append(membership.group)
    return found


async def _members_of(ids: list[UUID]) -> defaultdict[UUID, list[Member]]:
    found: defaultdict[UUID, list[Member]] = defaultdict(list)
    if ids:
        memberships = GroupMembership.filter(group_id__in=ids).order_by("id")
        for membership in await memberships.prefetch_related("member"):
            found[membership.group_id].append(membership.member)
    return found
