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


@row_type(model=models.BankAccount, requires=Permission.BANK_ACCOUNT_READ, reach=UnitOf("company_id", models.Company))
class BankAccount(Node):
    """Where a company is paid."""

    holder: str = field(requires=Permission.BANK_ACCOUNT_READ)
    currency: str = field(requires=Permission.BANK_ACCOUNT_READ)
    iban: str | None = field(requires=Permission.BANK_ACCOUNT_READ_NUMBER)
    bic: str | None = field(requires=Permission.BANK_ACCOUNT_READ_NUMBER)
    company: Annotated[Company, strawberry.lazy("schema.company")] | None = field(
        requires=Permission.COMPANY_READ, read=resolvers.company.of_child
    )
