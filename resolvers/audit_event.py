from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from models.tenant import AuditEvent, Member
from resolvers.reads import Equal, One, Page

if TYPE_CHECKING:
    from resolvers.reads import Source


def audit_events(_source: Source) -> Page:
    """Everything that was written down."""
    return Page(AuditEvent)


def member(source: Source) -> One:
    """The member who did it. What is no member's key is nobody's."""
    return One(Member, where=Equal("id", source.parent("actor_id")))


def details(*, details: str) -> object:
    """What else there is to know, from the text that PostgreSQL gives."""
    return orjson.loads(details)
