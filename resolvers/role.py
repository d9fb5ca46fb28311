from __future__ import annotations

from typing import TYPE_CHECKING

from models.tenant import Role
from resolvers.reads import Equal, One, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def roles(_source: Source) -> Page:
    """Every role of the tenant."""
    return Page(Role)


def of_assignment(source: Source) -> One:
    """The role that is assigned."""
    return One(Role, where=Equal("id", source.parent("role_id")))
