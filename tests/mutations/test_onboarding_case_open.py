from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from auth.permissions import Permission
from models.tenant import Member, OnboardingCase, OnboardingCaseState
from tenancy.scope import tenant_scope
from tests.mutations.firm import Firm, global_id

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from tests.mutations.firm import Answer

OPEN = """
mutation ($input: OnboardingCaseOpenInput!) {
  onboardingCaseOpen(input: $input) {
    onboardingCase { title state version dueOn closedAt nextStates assignee { fullName } company { name } }
    userErrors { code field message currentVersion }
  }
}
"""


async def open_case(firm: Firm, viewer: Viewer, company_id: UUID | None, **given: object) -> Answer:
    given = {"companyId": global_id("Company", company_id or uuid4()), "title": "Onboarding", **given}
    return await firm.ask(viewer, OPEN, input=given)


async def cases_of(firm: Firm, company_id: UUID) -> int:
    async with tenant_scope(firm.placement, authorization_version=None, read_only=True):
        return await OnboardingCase.filter(company_id=company_id).count()


async def test_a_case_is_opened_where_its_opener_may_write(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH", name="Muster")
    colleague = await firm.member()
    async with tenant_scope(firm.placement, authorization_version=None):
        await Member.filter(id=colleague.member_id).update(org_unit_id=firm.units["DACH"], full_name="Kim Muster")
    due_on = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    answer = await open_case(
        firm, analyst, company.id, title=" KYC ", dueOn=due_on, assigneeId=global_id("Member", colleague.member_id)
    )
    assert answer.user_errors == []
    assert answer.payload["onboardingCase"] == {
        "title": "KYC",
        "state": "DRAFT",
        "version": 1,
        "dueOn": due_on,
        "closedAt": None,
        "nextStates": ["SUBMITTED", "WITHDRAWN"],
        "assignee": {"fullName": "Kim Muster"},
        "company": {"name": "Muster"},
    }


async def test_a_company_that_the_caller_may_not_see_is_one_that_does_not_exist(
    firm: Firm, other_firm: Firm, analyst: Viewer
) -> None:
    hidden, foreign = await firm.company("Americas"), await other_firm.company("DACH")
    answers = [await open_case(firm, analyst, key) for key in (hidden.id, foreign.id, None)]
    answers.append(await open_case(firm, analyst, None, companyId="garbage"))
    assert answers[0].user_errors == [("NOT_FOUND", "input.companyId")]
    assert all(answer == answers[0] for answer in answers)
    assert await cases_of(firm, hidden.id) == await cases_of(other_firm, foreign.id) == 0


async def test_a_company_that_the_caller_sees_and_may_not_write_is_forbidden(firm: Firm) -> None:
    reader = await firm.member(("auditor", None), ("analyst", "EMEA"))
    company = await firm.company("Americas")
    answer = await open_case(firm, reader, company.id)
    assert (answer.data, answer.codes) == ({"onboardingCaseOpen": None}, ["FORBIDDEN"])
    assert await cases_of(firm, company.id) == 0


@pytest.mark.parametrize("roles", [(), (("auditor", None),)])
async def test_who_may_write_nowhere_opens_nothing(firm: Firm, roles: tuple[tuple[str, None], ...]) -> None:
    company = await firm.company("DACH")
    answer = await open_case(firm, await firm.member(*roles), company.id)
    assert (answer.data, answer.codes) == ({"onboardingCaseOpen": None}, ["FORBIDDEN"])
    assert await cases_of(firm, company.id) == 0


async def test_a_company_has_one_open_case_and_any_number_of_closed_ones(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    async with tenant_scope(firm.placement, authorization_version=None):
        for state in (OnboardingCaseState.REJECTED, OnboardingCaseState.WITHDRAWN, OnboardingCaseState.APPROVED):
            await OnboardingCase.create(company_id=company.id, title="Closed", state=state)
    first = await open_case(firm, analyst, company.id)
    second = await open_case(firm, analyst, company.id)
    assert first.user_errors == []
    assert second.user_errors == [("BAD_USER_INPUT", "input.companyId")]
    assert second.payload["onboardingCase"] is None
    assert await cases_of(firm, company.id) == 4


async def test_of_two_who_open_a_case_at_once_one_is_told_of_the_other(firm: Firm, analyst: Viewer) -> None:
    for _ in range(5):
        company = await firm.company("DACH")
        answers = await asyncio.gather(*(open_case(firm, analyst, company.id) for _ in range(2)))
        assert sorted(len(answer.user_errors) for answer in answers) == [0, 1]
        assert await cases_of(firm, company.id) == 1


@pytest.mark.parametrize(
    ("key", "value", "error"),
    [
        ("title", "  ", ("BAD_USER_INPUT", "input.title")),
        ("title", "x" * 201, ("BAD_USER_INPUT", "input.title")),
        ("title", "two\nlines", ("BAD_USER_INPUT", "input.title")),
        ("dueOn", "2020-01-01", ("BAD_USER_INPUT", "input.dueOn")),
        ("assigneeId", "garbage", ("NOT_FOUND", "input.assigneeId")),
    ],
)
async def test_a_value_that_makes_no_sense_is_named_and_nothing_is_opened(
    firm: Firm, analyst: Viewer, key: str, value: str, error: tuple[str, str]
) -> None:
    company = await firm.company("DACH")
    answer = await open_case(firm, analyst, company.id, **{key: value})
    assert answer.user_errors == [error]
    assert await cases_of(firm, company.id) == 0


async def test_an_assignee_that_is_out_of_sight_or_inactive_does_not_exist(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    out_of_sight, inactive = await firm.member(), await firm.member()
    async with tenant_scope(firm.placement, authorization_version=None):
        await Member.filter(id=inactive.member_id).update(org_unit_id=firm.units["DACH"], active=False)
    answers = [
        await open_case(firm, analyst, company.id, assigneeId=global_id("Member", key))
        for key in (out_of_sight.member_id, inactive.member_id, uuid4())
    ]
    assert answers[0].user_errors == [("NOT_FOUND", "input.assigneeId")]
    assert all(answer == answers[0] for answer in answers)


async def test_g31_who_may_open_a_case_and_not_read_it_gets_nothing_back(firm: Firm) -> None:
    writer = await firm.member((await firm.role(Permission.COMPANY_READ, Permission.ONBOARDING_CASE_WRITE), None))
    company = await firm.company("DACH")
    answer = await open_case(firm, writer, company.id)
    assert answer.data == {"onboardingCaseOpen": {"onboardingCase": None, "userErrors": []}}
    assert [error["extensions"]["field"] for error in answer.errors] == ["OnboardingCaseOpenPayload.onboardingCase"]
    assert await cases_of(firm, company.id) == 1
