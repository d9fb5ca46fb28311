"""The people of a tenant, as the development identity provider knows them: everybody who may sign in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from development.identity_provider_tokens import Person
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement

_MOST: Final = 200

_PEOPLE: Final = """
SELECT member.id, member.email, member.full_name,
    string_agg(role.name || coalesce(' in ' || org_unit.name, ''), ', ' ORDER BY role.name, org_unit.name) AS roles
FROM member
LEFT JOIN role_assignment ON role_assignment.member_id = member.id
LEFT JOIN role ON role.id = role_assignment.role_id
LEFT JOIN org_unit ON org_unit.id = role_assignment.org_unit_id
WHERE member.active
GROUP BY member.id
ORDER BY member.email
LIMIT $1
"""

_PERSON: Final = "SELECT id, email, full_name FROM member WHERE id = $1 AND active"


@dataclass(frozen=True, slots=True)
class Persona:
    """Somebody to be.

    Attributes:
        person: what the provider will say of them.
        roles: what they may do, in words, for the page.
    """

    person: Person
    roles: str


async def persons_of(placement: TenantPlacement) -> list[Persona]:
    """Everybody who may sign in, by address."""
    # Nobody has signed in yet, so there are no grants to rely on; and this is nobody's machine but the developer's.
    async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
        rows = await session.fetch(_PEOPLE, _MOST)
    return [Persona(Person(str(row["id"]), row["email"], row["full_name"]), row["roles"] or "No role") for row in rows]


async def person_of(placement: TenantPlacement, member_id: str) -> Person | None:
    """The person that was chosen, if there is one."""
    try:
        identifier = UUID(member_id)
    except ValueError:
        return None
    async with tenant_scope(placement, authorization_version=None, read_only=True) as session:
        rows = await session.fetch(_PERSON, identifier)
    return Person(str(rows[0]["id"]), rows[0]["email"], rows[0]["full_name"]) if rows else None
