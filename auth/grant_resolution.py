"""From role assignments to grants, a member's own and their groups': one statement, so all is of one moment."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson

from auth.grants import Grants
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.unauthenticated import UnauthenticatedError
from tenancy.scope import current_scope, tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tenancy.placement import TenantPlacement

# Roles include roles and units contain units, to any depth. UNION drops what was seen already, so a circle ends.
# DISTINCT tells PostgreSQL that few units are held. It makes room for as many rows as it expects, at the beginning of
# each execution: without it, for half a million, which took longer than all the rest.
_STATEMENT: Final = """
WITH RECURSIVE
    held (role_id, org_unit_id) AS (
        {held}
        UNION
        SELECT inclusion.included_id, held.org_unit_id
        FROM held JOIN role_inclusion AS inclusion ON inclusion.role_id = held.role_id
    ),
    subtree (top, id) AS (
        SELECT DISTINCT org_unit_id, org_unit_id FROM held WHERE org_unit_id IS NOT NULL
        UNION
        SELECT subtree.top, child.id FROM subtree JOIN org_unit AS child ON child.parent_id = subtree.id
    )
SELECT
    (SELECT version FROM authorization_state) AS version,
    (SELECT json_agg(json_build_array(held.org_unit_id, role.key, role.built_in, role.permissions))
     FROM held JOIN role ON role.id = held.role_id)::text AS held,
    (SELECT json_object_agg(top, units) FROM (SELECT top, json_agg(id) AS units FROM subtree GROUP BY top) AS grouped)
        ::text AS subtrees
{of}
"""
_HELD_BY_MEMBER: Final = """
        SELECT role_id, org_unit_id FROM role_assignment WHERE member_id = $1
        UNION
        SELECT assignment.role_id, assignment.org_unit_id
        FROM group_membership AS membership
        JOIN role_assignment AS assignment ON assignment.group_id = membership.group_id
        WHERE membership.member_id = $1"""
_RESOLVE: Final = _STATEMENT.format(held=_HELD_BY_MEMBER, of="FROM member WHERE id = $1 AND active")
_RESOLVE_MEMBER: Final = _STATEMENT.format(held=_HELD_BY_MEMBER, of="")
_RESOLVE_ROLE: Final = _STATEMENT.format(held="SELECT $1::uuid, $2::uuid", of="")

_KNOWN: Final = frozenset(Permission)


@dataclass(frozen=True, slots=True)
class ResolvedGrants:
    """What a member may do, and the authorization version at which that was so."""

    grants: Grants
    version: int


async def resolve_grants(placement: TenantPlacement, member_id: UUID) -> ResolvedGrants:
    """Read what a member may do now.

    Raises:
        UnauthenticatedError: there is no such active member.
        NoTenantError: there is no such tenant any more.
    """
    # No version to compare with: this is where it comes from.
    async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
        rows = await session.fetch(_RESOLVE, member_id, settled=True)
    if not rows:
        message = "no such active member"
        raise UnauthenticatedError(message)
    (row,) = rows
    return ResolvedGrants(_read(row), row["version"])


async def grants_of_member(member_id: UUID) -> Grants:
    """What a member of the tenant whose scope we are in may do, or could if they were active."""
    (row,) = await current_scope().fetch(_RESOLVE_MEMBER, member_id)
    return _read(row)


async def grants_of_role(role_id: UUID, org_unit_id: UUID | None) -> Grants:
    """What holding a role comes to, in an org unit or (``None``) everywhere, in the tenant whose scope we are in."""
    (row,) = await current_scope().fetch(_RESOLVE_ROLE, role_id, org_unit_id)
    return _read(row)


def _read(row: Mapping[str, str | None]) -> Grants:
    subtrees = {UUID(top): frozenset(map(UUID, units)) for top, units in orjson.loads(row["subtrees"] or "{}").items()}
    return _grants(orjson.loads(row["held"] or "[]"), subtrees)


def _grants(held: list[tuple[str | None, str, bool, list[str]]], subtrees: Mapping[UUID, frozenset[UUID]]) -> Grants:
    everywhere: set[Permission] = set()
    in_units: defaultdict[Permission, set[UUID]] = defaultdict(set)
    for unit, key, built_in, stored in held:
        permissions = _permissions(key, stored, built_in=built_in)
        if unit is None:
            everywhere |= permissions
        else:
            for permission in permissions:
                in_units[permission] |= subtrees[UUID(unit)]
    return Grants(
        everywhere=frozenset(everywhere),
        in_units={p: frozenset(units) for p, units in in_units.items() if p not in everywhere},
    )


def _permissions(key: str, stored: list[str], *, built_in: bool) -> frozenset[Permission]:
    """A role's own permissions. What this release doesn't know, role or permission, grants nothing."""
    if built_in:
        return BUILT_IN_ROLES.get(key, frozenset())
    return frozenset(Permission(name) for name in stored if name in _KNOWN)
