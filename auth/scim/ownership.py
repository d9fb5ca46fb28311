"""What a provider may not do to those who own the tenant: leave it without one, or make one through a group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tenancy.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

_TOP: Final = """
WITH RECURSIVE top (id) AS (
    SELECT id FROM role WHERE key = 'owner'
    UNION
    SELECT inclusion.role_id FROM role_inclusion AS inclusion JOIN top ON inclusion.included_id = top.id
)
"""
_TOP_ROLES: Final = _TOP + "SELECT id FROM top"  # noqa: S608 # two constants
_OWNERS: Final = (
    _TOP  # two constants
    + """
SELECT member.id AS member_id, assignment.group_id
FROM role_assignment AS assignment
JOIN top ON top.id = assignment.role_id
LEFT JOIN group_membership AS membership ON membership.group_id = assignment.group_id
JOIN member ON member.id = coalesce(assignment.member_id, membership.member_id)
WHERE assignment.org_unit_id IS NULL AND member.active AND member.kind = 'person'
"""
)
# Whether or not they are active: who is not today may be again tomorrow.
_HOLDS_TOP: Final = (
    _TOP  # two constants
    + """
SELECT 1 FROM role_assignment AS assignment
JOIN top ON top.id = assignment.role_id
LEFT JOIN group_membership AS membership ON membership.group_id = assignment.group_id
WHERE coalesce(assignment.member_id, membership.member_id) = $1
LIMIT 1
"""
)
# One provisioning write at a time in a tenant: two owners who are deprovisioned at once are each not the last.
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' scim', 0))"


async def one_at_a_time() -> None:
    """Wait until no other provisioning write is under way in this tenant."""
    await current_scope().fetch(_ONE_AT_A_TIME)


async def top_roles() -> frozenset[UUID]:
    """The roles that hold everything: ``owner``, and what includes it."""
    return frozenset(row["id"] for row in await current_scope().fetch(_TOP_ROLES))


async def holds_top_role(member_id: UUID) -> bool:
    """Whether a member holds everything somewhere, by themselves or by a group."""
    return bool(await current_scope().fetch(_HOLDS_TOP, member_id))


async def leaves_no_owner(loses: Callable[[UUID, UUID | None], bool]) -> bool:
    """Whether the tenant has owners now and would have none.

    Args:
        loses: whether a member stops being an owner, by the group that makes them one (``None``: an own assignment).
    """
    owners = await current_scope().fetch(_OWNERS)
    return bool(owners) and all(loses(row["member_id"], row["group_id"]) for row in owners)
