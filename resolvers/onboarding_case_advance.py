from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from tortoise.expressions import F

from auth.permissions import Permission
from auth.viewer import Viewer
from models.tenant import OnboardingCase, OnboardingCaseState
from resolvers.company_ties import key_of
from resolvers.forbidden_input import forbidden_input
from resolvers.onboarding_case import FINAL, TRANSITIONS
from resolvers.onboarding_case_change import OnboardingCaseChange, held_company
from resolvers.user_error import UserErrorCode
from resolvers.writes import Problems, Written, refuse_forbidden_keys

# Whoever prepares a case is not thereby the one who decides it.
_DECISIONS: Final = frozenset({OnboardingCaseState.APPROVED, OnboardingCaseState.REJECTED})
_STATE: Final = "OnboardingCaseAdvanceInput.state"


async def advance(viewer: Viewer, written: Written) -> OnboardingCaseChange:
    """Take a case from the state that its caller saw to one that may follow it.

    Raises:
        GraphQLError: ``FORBIDDEN``: the viewer may not write cases in the company's org unit, or not decide them.
    """
    problems = Problems(written)
    key = key_of(written.values["id"], "OnboardingCase")
    found = None if key is None else await OnboardingCase.get_or_none(id=key).only("id", "company_id")
    company_id = None if found is None else found.company_id
    company = await held_company(viewer, company_id, Permission.ONBOARDING_CASE_READ)
    # Read once the company is held: what was read before could be about another org unit.
    case = None if company is None else await OnboardingCase.get_or_none(id=key)
    if company is None or case is None:
        problems.add("id", "There is no such onboarding case.", UserErrorCode.NOT_FOUND)
        return OnboardingCaseChange(None, problems.errors)

    refuse_forbidden_keys(viewer, written, company.org_unit_id)
    state: OnboardingCaseState = written.values["state"]
    if state in _DECISIONS and not viewer.may(Permission.ONBOARDING_CASE_APPROVE, company.org_unit_id):
        raise forbidden_input({_STATE: Permission.ONBOARDING_CASE_APPROVE})
    if case.version != written.values["version"]:
        problems.conflict("onboarding case", case.version)
    elif state not in TRANSITIONS[case.state]:
        problems.add("state", _refusal(case.state))
    else:
        await _move(problems, case, state)
    return OnboardingCaseChange(case.id, problems.errors)


def _refusal(state: OnboardingCaseState) -> str:
    if state in FINAL:
        return f"A case that is {state} stays so; open a new one."
    return f"A case that is {state} can become {', '.join(TRANSITIONS[state])}."


async def _move(problems: Problems, case: OnboardingCase, state: OnboardingCaseState) -> None:
    now = datetime.now(UTC)
    unchanged = OnboardingCase.filter(id=case.id, version=case.version)
    closed = {"closed_at": now} if state in FINAL else {}
    if not await unchanged.update(state=state, version=F("version") + 1, updated_at=now, **closed):
        current = await OnboardingCase.get_or_none(id=case.id).only("id", "version")
        problems.conflict("onboarding case", case.version if current is None else current.version)
