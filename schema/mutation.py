from __future__ import annotations

import strawberry

import resolvers.company_create
import resolvers.company_update
from auth.permissions import Permission
from schema.company_changes import (
    CompanyCreateInput,
    CompanyCreatePayload,
    CompanyUpdateInput,
    CompanyUpdatePayload,
)
from schema.fields import mutation


@strawberry.type
class Mutation:
    company_create: CompanyCreatePayload | None = mutation(
        requires=Permission.COMPANY_WRITE,
        takes=CompanyCreateInput,
        change=resolvers.company_create.create,
        description="Make a company.",
    )
    company_update: CompanyUpdatePayload | None = mutation(
        requires=Permission.COMPANY_WRITE,
        takes=CompanyUpdateInput,
        change=resolvers.company_update.update,
        description="Change the keys that are given of a company that nobody has changed since you read it.",
    )
