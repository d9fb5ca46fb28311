from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

import resolvers.company
import resolvers.member
import resolvers.org_unit
from auth.permissions import Permission
from models import tenant as models
from resolvers.reads import OwnUnit
from schema.connection import Connection
from schema.fields import field, page, row_type
from schema.node import Node

if TYPE_CHECKING:
    from schema.company import Company
    from schema.member import Member


@row_type(model=models.OrgUnit, requires=Permission.ORG_UNIT_READ, reach=OwnUnit("id"))
class OrgUnit(Node):
    """A node of the tenant's own hierarchy."""

    name: str = field(requires=Permission.ORG_UNIT_READ)
    parent: OrgUnit | None = field(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.parent)
    children: Connection[OrgUnit] | None = page(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.children)
    members: Connection[Annotated[Member, strawberry.lazy("schema.member")]] | None = page(
        requires=Permission.MEMBER_READ, read=resolvers.member.of_org_unit
    )
    companies: Connection[Annotated[Company, strawberry.lazy("schema.company")]] | None = page(
        requires=Permission.COMPANY_READ, read=resolvers.company.of_org_unit
    )
