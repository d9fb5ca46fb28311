from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from models.tenant import OnboardingCase, OnboardingCaseState
from resolvers.onboarding_case import FINAL, TRANSITIONS
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Answer

ADVANCE = """
mutation ($input: OnboardingCaseAdvanceInput!) {
  onboardingCaseAdvance(input: $input) {
    onboardingCase { state version closedAt nextStates }
    userErrors { code field message currentVersion }
  }
}
"""


async def new_case(firm: Firm, unit: str, state: OnboardingCaseState = OnboardingCaseState.DRAFT) -> OnboardingCase:
    company = await firm.company(unit)
    async with tenant_scope(firm.placement, authorization_version=None):
        return await OnboardingCase.create(company_id=company.id, title="Onboarding", state=state)


async def case_now(firm: Firm, key: UUID) -> OnboardingCase:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return await OnboardingCase.get(id=key)


async def advance(firm: Firm, viewer: Viewer, case: OnboardingCase, state: str, **given: object) -> Answer:
    given = {"id": global_id("OnboardingCase", case.id), "version": case.version, "state": state, **given}
    return await firm.ask(viewer, ADVANCE, input=given)


@pytest.mark.parametrize("wanted", OnboardingCaseState)
@pytest.mark.parametrize("state", OnboardingCaseState)
async def test_a_case_goes_where_the_state_machine_leads_and_nowhere_else(
    firm: Firm, owner: Viewer, state: OnboardingCaseState, wanted: OnboardingCaseState
) -> None:
    case = await new_case(firm, "DACH", state)
    answer = await advance(firm, owner, case, wanted)
    now = await case_now(firm, case.id)
    if wanted in TRANSITIONS[state]:
        assert answer.user_errors == []
        assert (now.state, now.version) == (wanted, 2)
        assert (now.closed_at is not None) == (wanted in FINAL)
    else:
        assert answer.user_errors == [("BAD_USER_INPUT", "input.state")]
        assert (now.state, now.version, now.updated_at) == (state, 1, case.updated_at)
    assert answer.payload["onboardingCase"]["state"] == now.state
    assert answer.payload["onboardingCase"]["nextStates"] == list(TRANSITIONS[now.state])


@pytest.mark.parametrize("decision", [OnboardingCaseState.APPROVED, OnboardingCaseState.REJECTED])
async def test_who_prepares_cases_does_not_decide_them(
    firm: Firm, analyst: Viewer, decision: OnboardingCaseState
) -> None:
    case = await new_case(firm, "DACH", OnboardingCaseState.IN_REVIEW)
    answer = await advance(firm, analyst, case, decision)
    assert (answer.data, answer.codes) == ({"onboardingCaseAdvance": None}, ["FORBIDDEN"])
    assert answer.errors[0]["extensions"]["fields"] == ["OnboardingCaseAdvanceInput.state"]
    assert answer.errors[0]["extensions"]["permissions"] == ["onboarding_case:approve"]
    assert (await case_now(firm, case.id)).state is OnboardingCaseState.IN_REVIEW


async def test_who_decides_in_one_region_does_not_decide_in_another(firm: Firm) -> None:
    viewer = await firm.member(("analyst", None), ("approver", "EMEA"))
    here, there = [await new_case(firm, unit, OnboardingCaseState.IN_REVIEW) for unit in ("DACH", "Americas")]
    assert (await advance(firm, viewer, here, "APPROVED")).user_errors == []
    assert (await advance(firm, viewer, there, "APPROVED")).codes == ["FORBIDDEN"]
    assert (await advance(firm, viewer, there, "WITHDRAWN")).user_errors == []


async def test_a_case_that_the_caller_may_not_see_is_one_that_does_not_exist(
    firm: Firm, other_firm: Firm, analyst: Viewer
) -> None:
    hidden, foreign = await new_case(firm, "Americas"), await new_case(other_firm, "DACH")
    ids = [global_id("OnboardingCase", each) for each in (hidden.id, foreign.id, uuid4())]
    ids += [global_id("Company", hidden.company_id), "garbage"]
    answers = [await advance(firm, analyst, hidden, "SUBMITTED", id=each, version=9) for each in ids]
    assert answers[0].user_errors == [("NOT_FOUND", "input.id")]
    assert answers[0].payload["onboardingCase"] is None
    assert all(answer == answers[0] for answer in answers)
    assert (await case_now(firm, hidden.id)).version == 1


async def test_a_case_that_the_caller_sees_and_may_not_write_is_forbidden(firm: Firm) -> None:
    reader = await firm.member(("auditor", None), ("approver", "EMEA"))
    case = await new_case(firm, "Americas", OnboardingCaseState.IN_REVIEW)
    for state in ("WITHDRAWN", "APPROVED"):
        assert (await advance(firm, reader, case, state)).codes == ["FORBIDDEN"]
    assert (await case_now(firm, case.id)).version == 1


async def test_an_outdated_version_is_a_conflict(firm: Firm, analyst: Viewer) -> None:
    case = await new_case(firm, "DACH")
    await advance(firm, analyst, case, "SUBMITTED")
    answer = await advance(firm, analyst, case, "WITHDRAWN")
    assert answer.user_errors == [("CONFLICT", "input.version")]
    assert answer.payload["userErrors"][0]["currentVersion"] == 2
    assert answer.payload["onboardingCase"]["state"] == "SUBMITTED"


async def test_of_two_decisions_at_once_one_stands(firm: Firm, owner: Viewer) -> None:
    for _ in range(5):
        case = await new_case(firm, "DACH", OnboardingCaseState.IN_REVIEW)
        decisions = [OnboardingCaseState.APPROVED, OnboardingCaseState.REJECTED]
        answers = await asyncio.gather(*(advance(firm, owner, case, each) for each in decisions))
        won = [not answer.user_errors for answer in answers]
        assert sorted(won) == [False, True]
        assert answers[won.index(False)].user_errors == [("CONFLICT", "input.version")]
        assert (await case_now(firm, case.id)).state is decisions[won.index(True)]
