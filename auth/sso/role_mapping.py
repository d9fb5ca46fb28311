"""Which roles somebody gets who becomes a member by signing in: what the connection lists, and never the top role.

A provider can say that a person belongs to a group. What that means here is the tenant's decision, written down on the
connection as a list: no name of a role is ever taken from a claim.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.sso.id_token import strings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from auth.sso.id_token import Identity

# Whoever administrates a provider would administrate the tenant, if the provider could hand these out.
TOP_ROLES: Final = frozenset(key for key, permissions in BUILT_IN_ROLES.items() if permissions == frozenset(Permission))

# What only a member may hand to another: with any of these, a role could be made into more than it is.
_DECIDING: Final = frozenset(
    {"role:write", "identity_provider:write", "domain:write", "member:write", "client:write", "support_access:approve"}
)
NEVER_MAPPED: Final = frozenset(permission for permission in Permission if permission.value in _DECIDING)


@dataclass(frozen=True, slots=True)
class RoleRule:
    """Who brings ``value`` in ``claim`` holds ``role``."""

    claim: str
    value: str
    role: str


def rules_of(stored: Iterable[Mapping[str, str]]) -> tuple[RoleRule, ...]:
    """The rules of a connection, as its row keeps them."""
    return tuple(RoleRule(rule["claim"], rule["value"], rule["role"]) for rule in stored)


def mapped_roles(rules: Iterable[RoleRule], identity: Identity) -> frozenset[str]:
    """The keys of the roles that an identity is mapped to. Values are compared as they are, to the letter."""
    return frozenset(
        rule.role for rule in rules if rule.role not in TOP_ROLES and rule.value in _values(identity, rule.claim)
    )


def may_be_mapped(role: str, permissions: Iterable[str]) -> bool:
    """Whether a role with these permissions may come of what a provider says."""
    return role not in TOP_ROLES and NEVER_MAPPED.isdisjoint(permissions)


def _values(identity: Identity, claim: str) -> tuple[str, ...]:
    return identity.groups if claim == "groups" else strings(identity.claims.get(claim))
