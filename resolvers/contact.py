from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import Contact
from resolvers.reads import Equal, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def of_company(source: Source) -> Page:
    """The people at a company."""
    return Page(Contact, where=(Equal("company_id", source.parent("id")),))
