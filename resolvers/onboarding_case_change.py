"""What the mutations of an onboarding case have in common."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import Company
from resolvers.user_error import UserError


@dataclass(frozen=True, slots=True)
class OnboardingCaseChange:
    """The attributes behind the fields of a payload.

    Attributes:
        onboarding_case_id: the case that was written, or that the caller asked to write and may see.
        user_errors: what went wrong. With any, nothing was written.
    """

    onboarding_case_id: UUID | None
    user_errors: list[UserError]


async def held_company(viewer: Viewer, key: UUID | None, seen_by: Permission) -> Company | None:
    """The company that a case belongs to, held until the transaction ends.

    While it is held it can't move to another org unit, and of two that would each open a case one waits.

    Args:
        viewer: who wants to change a case.
        key: of the company.
        seen_by: the permission without which there is nothing for the viewer to see here.
    """
    if key is None:
        return None
    company = await Company.filter(id=key).select_for_update(no_key=True).only("id", "org_unit_id").first()
    return company if company is not None and viewer.may(seen_by, company.org_unit_id) else None
