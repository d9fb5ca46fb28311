from __future__ import annotations

import resolvers.org_unit
import resolvers.role_assignment
from auth.permissions import Permission
from models import tenant as models
from resolvers.reads import OwnUnit
from schema.connection import Connection
from schema.fields import field, page, row_type
from schema.node import Node
from schema.org_unit import OrgUnit
from schema.role_assignment import RoleAssignment


@row_type(model=models.Member, requires=Permission.MEMBER_READ, reach=OwnUnit("org_unit_id"))
class Member(Node):
    """A person of the tenant."""

    full_name: str = field(requires=Permission.MEMBER_READ)
    email: str | None = field(requires=Permission.MEMBER_READ_EMAIL)
    active: bool = field(requires=Permission.MEMBER_READ)
    org_unit: OrgUnit | None = field(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.of_row)
    role_assignments: Connection[RoleAssignment] | None = page(
        requires=Permission.ROLE_READ, read=resolvers.role_assignment.of_member
    )
