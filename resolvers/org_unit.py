from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import OrgUnit
from resolvers.reads import Equal, One, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def org_units(_source: Source) -> Page:
    """Every org unit in reach."""
    return Page(OrgUnit)


def parent(source: Source) -> One:
    """The unit above."""
    return One(OrgUnit, where=Equal("id", source.parent("parent_id")))


def children(source: Source) -> Page:
    """The units right below."""
    return Page(OrgUnit, where=(Equal("parent_id", source.parent("id")),))


def of_row(source: Source) -> One:
    """The unit that a company, member or assignment belongs to."""
    return One(OrgUnit, where=Equal("id", source.parent("org_unit_id")))
