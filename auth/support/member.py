"""Whom an operator is in a tenant: a service member of the tenant's own, and nobody of its people."""

from __future__ import annotations

from typing import Final

from auth.permissions import Permission
from models.tenant import Member, MemberKind, OrgUnit, Role, RoleAssignment
from tenancy.scope import current_scope

# No mail and no provider can ever prove this address (RFC 2606), so nobody signs in as it.
SUPPORT_ADDRESS: Final = "support@support.invalid"

# What a grant lets an operator do, whatever roles the member holds: see what there is, and none of what a tenant guards
# by a permission of its own (tax ids, financials, people's addresses, account numbers). Nothing is written.
SUPPORT_SCOPE: Final = frozenset(permission for permission in Permission if permission.value.endswith(":read"))

_ROLE: Final = "auditor"
_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || ' support', 0))"


async def support_member() -> Member:
    """The member, made when a tenant first approves a request. Call inside the tenant's scope.

    It holds the role of an auditor everywhere. A tenant may take that away and give it another, or one in some org
    units only; and it may deactivate the member, until it approves the next request.
    """
    # Two approvals at once would each find none.
    await current_scope().fetch(_ONE_AT_A_TIME)
    known = await Member.get_or_none(email=SUPPORT_ADDRESS)
    if known is not None:
        if not known.active:
            await Member.filter(id=known.id).update(active=True)
        return known
    (top,) = await OrgUnit.filter(parent_id=None).order_by("id").limit(1)
    made = await Member.create(
        kind=MemberKind.SERVICE, email=SUPPORT_ADDRESS, full_name="Fieldgate support", org_unit_id=top.id
    )
    role = await Role.get(key=_ROLE)
    await RoleAssignment.create(member_id=made.id, role_id=role.id)
    return made
