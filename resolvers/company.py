from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import Company
from resolvers.reads import Equal, One, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def company(source: Source) -> One:
    """The company with this global id."""
    return One(Company, where=Equal("id", source.key("id")))


def companies(_source: Source) -> Page:
    """Every company in reach."""
    return Page(Company)


def parent(source: Source) -> One:
    """The company that owns this one."""
    return One(Company, where=Equal("id", source.parent("parent_id")))


def subsidiaries(source: Source) -> Page:
    """The companies that this one owns."""
    return Page(Company, where=(Equal("parent_id", source.parent("id")),))


def of_child(source: Source) -> One:
    """The company that a contact, bank account, case or payload belongs to."""
    return One(Company, where=Equal("id", source.parent("company_id")))


def of_org_unit(source: Source) -> Page:
    """The companies of an org unit itself, not of the units below."""
    return Page(Company, where=(Equal("org_unit_id", source.parent("id")),))
