from __future__ import annotations

import resolvers.org_unit
import resolvers.role
from auth.permissions import Permission
from models import tenant as models
from schema.fields import field, row_type
from schema.node import Node
from schema.org_unit import OrgUnit
from schema.role import Role


@row_type(model=models.RoleAssignment, requires=Permission.ROLE_READ, reach=None)
class RoleAssignment(Node):
    """A role that a member holds in an org unit and all below it, or everywhere when no unit is named."""

    role: Role | None = field(requires=Permission.ROLE_READ, read=resolvers.role.of_assignment)
    org_unit: OrgUnit | None = field(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.of_row)
