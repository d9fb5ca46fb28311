from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import Member
from resolvers.reads import Equal, One, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def members(_source: Source) -> Page:
    """Every member in reach."""
    return Page(Member)


def of_org_unit(source: Source) -> Page:
    """The members of an org unit itself."""
    return Page(Member, where=(Equal("org_unit_id", source.parent("id")),))


def of_row(source: Source) -> One:
    """The member that an assignment or the viewer is."""
    return One(Member, where=Equal("id", source.parent("member_id")))


def assignee(source: Source) -> One:
    """The member who works on a case."""
    return One(Member, where=Equal("id", source.parent("assignee_id")))
