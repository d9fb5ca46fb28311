from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Final
from uuid import UUID

from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import Member, OnboardingCase
from resolvers.company_ties import NO_SUCH_COMPANY, key_of
from resolvers.onboarding_case import FINAL
from resolvers.onboarding_case_change import OnboardingCaseChange, held_company
from resolvers.refused_value import RefusedValueError
from resolvers.text import NOTHING, line
from resolvers.user_error import UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys

_LONGEST_TITLE: Final = 200


async def open_case(viewer: Viewer, written: Written) -> OnboardingCaseChange:
    """Open a company's onboarding case. A company has one open case at most; closed ones may be any number.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not write cases in the company's org unit.
    """
    problems = Problems(written)
    company = await held_company(viewer, key_of(written.values["company_id"], "Company"), Permission.COMPANY_READ)
    if company is None:
        problems.add("company_id", NO_SUCH_COMPANY, UserErrorCode.NOT_FOUND)
        return OnboardingCaseChange(None, problems.errors)
    refuse_forbidden_keys(viewer, written, company.org_unit_id)
    if await OnboardingCase.filter(company_id=company.id).exclude(state__in=FINAL).exists():
        problems.add("company_id", "This company has an open case already.")
    case = OnboardingCase(
        company_id=company.id,
        title=_title(problems),
        assignee_id=await _assignee(viewer, problems),
        due_on=_due_on(problems),
    )
    if problems.errors:
        return OnboardingCaseChange(None, problems.errors)
    await case.save(force_create=True)
    return OnboardingCaseChange(case.id, problems.errors)


def _title(problems: Problems) -> str:
    try:
        title = line(problems.written.values["title"], _LONGEST_TITLE)
    except RefusedValueError as problem:
        problems.add("title", str(problem))
        return ""
    if title is None:
        problems.add("title", NOTHING)
    return title or ""


async def _assignee(viewer: Viewer, problems: Problems) -> UUID | None:
    """The member that ``assigneeId`` names. One that the viewer may not see is one that does not exist."""
    given = problems.written.values.get("assignee_id")
    if given is None:
        return None
    key = key_of(given, "Member")
    member = None if key is None else await Member.get_or_none(id=key, active=True).only("id", "org_unit_id")
    if member is None or not viewer.may(Permission.MEMBER_READ, member.org_unit_id):
        problems.add("assignee_id", "There is no such member.", UserErrorCode.NOT_FOUND)
        return None
    return member.id


def _due_on(problems: Problems) -> date | None:
    due_on: date | None = problems.written.values.get("due_on")
    if due_on is not None and due_on < datetime.now(UTC).date():
        problems.add("due_on", "This day is over (UTC).")
    return due_on
