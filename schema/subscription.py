from __future__ import annotations

import strawberry

import resolvers.company_changed
from auth.permissions import Permission
from models import tenant as models
from schema.company_changed import CompanyChangedPayload
from schema.fields import event


@strawberry.type
class Subscription:
    company_changed: CompanyChangedPayload | None = event(
        requires=Permission.COMPANY_READ,
        model=models.Company,
        becomes=resolvers.company_changed.changed,
        description="A company in reach was made or changed: the one with this id, or any.",
    )
