from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import strawberry

import resolvers.company
from auth.permissions import Permission
from models import tenant as models
from resolvers.reads import UnitOf
from schema.fields import field, row_type
from schema.node import Node

if TYPE_CHECKING:
    from schema.company import Company


@row_type(model=models.Contact, requires=Permission.CONTACT_READ, reach=UnitOf("company_id", models.Company))
class Contact(Node):
    """A person at a company."""

    full_name: str = field(requires=Permission.CONTACT_READ)
    job_title: str | None = field(requires=Permission.CONTACT_READ)
    email: str | None = field(requires=Permission.CONTACT_READ_PERSONAL)
    phone: str | None = field(requires=Permission.CONTACT_READ_PERSONAL)
    company: Annotated[Company, strawberry.lazy("schema.company")] | None = field(
        requires=Permission.COMPANY_READ, read=resolvers.company.of_child
    )
