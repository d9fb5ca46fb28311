from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import Company
from tenancy.changes import Change, Verb


class CompanyChangeKind(StrEnum):
    """What happened. There is no kind for a company that is gone: nobody may still see it."""

    CREATED = "CREATED"
    UPDATED = "UPDATED"


@dataclass(frozen=True, slots=True)
class CompanyChanged:
    """The attributes behind the fields of an event."""

    company_id: UUID
    kind: CompanyChangeKind


async def changed(viewer: Viewer, change: Change) -> CompanyChanged | None:
    """The event; none for a company that is not there for the viewer now, whatever the event would show of it."""
    if change.schema != viewer.tenant.schema or change.verb is Verb.DELETE:
        return None
    company = await Company.get_or_none(id=change.key).only("id", "org_unit_id")
    if company is None or not viewer.may(Permission.COMPANY_READ, company.org_unit_id):
        return None
    kind = CompanyChangeKind.CREATED if change.verb is Verb.INSERT else CompanyChangeKind.UPDATED
    return CompanyChanged(company.id, kind)
