from __future__ import annotations

import strawberry

import resolvers.company
from auth.permissions import PUBLIC, Permission
from resolvers.company_changed import CompanyChangeKind
from schema.company import Company
from schema.fields import field

strawberry.enum(CompanyChangeKind, description="What happened to a company.")


@strawberry.type
class CompanyChangedPayload:
    kind: CompanyChangeKind = field(requires=PUBLIC, attribute=True)
    company: Company | None = field(
        requires=Permission.COMPANY_READ,
        read=resolvers.company.of_child,
        description="As it is at the moment at which this is sent.",
    )
