"""A relation that a caller may follow to rows of which none exist for them: it is empty, whatever is selected in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import strawberry

import resolvers.member
import resolvers.org_unit
import resolvers.role_assignment
from auth.grants import Grants
from auth.permissions import Permission
from engine.engine import Engine
from models import tenant as models
from resolvers.reads import OwnUnit
from schema.connection import Connection  # noqa: TC001 - Strawberry reads the annotations of types
from schema.fields import field, page, row_type
from schema.node import Node
from schema.verification import verify
from tests.oracle.asking import ask
from tests.oracle.personas import viewer_of

if TYPE_CHECKING:
    from settings import Settings
    from tests.oracle.tenant_rows import TenantRows


@row_type(model=models.OrgUnit, requires=Permission.ORG_UNIT_READ, reach=OwnUnit("id"))
class Unit(Node):
    children: Connection[Unit] | None = page(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.children)


@row_type(model=models.RoleAssignment, requires=Permission.ROLE_READ, reach=None)
class Assignment(Node):
    unit: Unit | None = field(requires=Permission.ORG_UNIT_READ, read=resolvers.org_unit.of_row)


@row_type(model=models.Member, requires=Permission.MEMBER_READ, reach=OwnUnit("org_unit_id"))
class Person(Node):
    # Unlike ours: who may see a member may ask for the assignments, and what there is of them is for the rows to say.
    assignments: Connection[Assignment] | None = page(
        requires=Permission.MEMBER_READ, read=resolvers.role_assignment.of_member
    )


@strawberry.type
class Query:
    people: Connection[Person] | None = page(requires=Permission.MEMBER_READ, read=resolvers.member.members)


DOCUMENT: Final = """{ people(first: 2) { nodes {
    assignments(first: 5) { totalCount nodes { unit { children(first: 3) { nodes { id } } } } }
} } }"""


async def people(settings: Settings, rows: TenantRows, *permissions: Permission) -> Any:  # noqa: ANN401 - JSON
    schema = strawberry.Schema(Query)
    verify(schema._schema)  # noqa: SLF001 - Strawberry has no public name for the schema it built
    asked = await ask(Engine(schema, settings), viewer_of(rows, Grants(frozenset(permissions), {})), DOCUMENT)
    assert asked.errors == ()
    return asked.data["people"]["nodes"]


async def test_rows_of_which_none_exist_for_the_caller_are_an_empty_page(
    settings: Settings, northwind: TenantRows
) -> None:
    """What is selected in it is planned for its shape alone: where no SQL is sent, its parameters are not either."""
    nodes = await people(settings, northwind, Permission.MEMBER_READ, Permission.ORG_UNIT_READ)
    assert nodes == 2 * [{"assignments": {"totalCount": 0, "nodes": []}}]


async def test_they_are_there_for_whoever_holds_their_permission(settings: Settings, northwind: TenantRows) -> None:
    nodes = await people(settings, northwind, Permission.MEMBER_READ, Permission.ORG_UNIT_READ, Permission.ROLE_READ)
    assert [each["assignments"]["totalCount"] for each in nodes] != [0, 0]
