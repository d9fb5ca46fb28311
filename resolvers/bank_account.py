from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import BankAccount
from resolvers.reads import Equal, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def of_company(source: Source) -> Page:
    """Where a company is paid."""
    return Page(BankAccount, where=(Equal("company_id", source.parent("id")),))
