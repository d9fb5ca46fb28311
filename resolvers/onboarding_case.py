from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final

from models.tenant import OnboardingCase, OnboardingCaseState
from resolvers.reads import Equal, One, Page

if TYPE_CHECKING:
    from collections.abc import Mapping

    from resolvers.reads import Source

# Which state may follow which. A state that leads nowhere is final.
TRANSITIONS: Final[Mapping[OnboardingCaseState, tuple[OnboardingCaseState, ...]]] = {
    OnboardingCaseState.DRAFT: (OnboardingCaseState.SUBMITTED, OnboardingCaseState.WITHDRAWN),
    OnboardingCaseState.SUBMITTED: (OnboardingCaseState.IN_REVIEW, OnboardingCaseState.WITHDRAWN),
    OnboardingCaseState.IN_REVIEW: (
        OnboardingCaseState.APPROVED,
        OnboardingCaseState.REJECTED,
        OnboardingCaseState.SUBMITTED,
        OnboardingCaseState.WITHDRAWN,
    ),
    OnboardingCaseState.APPROVED: (),
    OnboardingCaseState.REJECTED: (),
    OnboardingCaseState.WITHDRAWN: (),
}
# Where a case ends. One in any other state is open.
FINAL: Final = frozenset(state for state, following in TRANSITIONS.items() if not following)


def onboarding_cases(_source: Source) -> Page:
    """Every case in reach."""
    return Page(OnboardingCase)


def of_company(source: Source) -> Page:
    """The cases of one company."""
    return Page(OnboardingCase, where=(Equal("company_id", source.parent("id")),))


def of_payload(source: Source) -> One:
    """The case that a mutation opened or advanced."""
    return One(OnboardingCase, where=Equal("id", source.parent("onboarding_case_id")))


def next_states(*, state: str) -> list[OnboardingCaseState]:
    """The states that may follow the present one."""
    return list(TRANSITIONS[OnboardingCaseState(state)])


def is_overdue(*, state: str, due_on: date | None) -> bool:
    """Whether a case that still waits has passed its day (by UTC)."""
    waiting = bool(TRANSITIONS[OnboardingCaseState(state)])
    return waiting and due_on is not None and due_on < datetime.now(UTC).date()
