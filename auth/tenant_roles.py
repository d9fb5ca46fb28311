"""The roles of one tenant, with everything that they hold through the roles that they include."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from models.tenant import Role, RoleInclusion

if TYPE_CHECKING:
    from collections.abc import Mapping


async def tenant_roles() -> Mapping[str, frozenset[Permission]]:
    """Role key to permissions, for every role of the tenant whose scope is open."""
    roles = {role.id: role for role in await Role.all()}
    held = {
        key: set(BUILT_IN_ROLES.get(role.key, frozenset()) if role.built_in else _known(role.permissions))
        for key, role in roles.items()
    }
    inclusions = await RoleInclusion.all()
    # As often as there are roles is enough for the longest chain, and ends where roles include each other in a circle.
    for _ in roles:
        for inclusion in inclusions:
            held[inclusion.role_id] |= held[inclusion.included_id]
    return {roles[key].key: frozenset(permissions) for key, permissions in held.items()}


def _known(names: list[str]) -> set[Permission]:
    known = frozenset(Permission)
    return {Permission(name) for name in names if name in known}
