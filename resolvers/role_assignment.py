from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import RoleAssignment
from resolvers.reads import Equal, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def of_member(source: Source) -> Page:
    """The roles that a member holds, and where."""
    return Page(RoleAssignment, where=(Equal("member_id", source.parent("id")),))
