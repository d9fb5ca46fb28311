"""Somebody else is changing the same company: nothing is lost, and nobody writes what they did not see."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import pytest

from engine.request import Request
from models.tenant import Company, RoleAssignment
from tenancy.scope import StaleAuthorizationError, tenant_scope
from tests.mutations.firm import Firm, global_id
from tests.mutations.test_company_update import UPDATE, assert_untouched, update

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.viewer import Viewer
    from tenancy.database import Database


@asynccontextmanager
async def meanwhile(firm: Firm, company: Company, **columns: object) -> AsyncIterator[None]:
    """Somebody else's change of the company, written when the block begins and committed when it ends."""
    written, commit = asyncio.Event(), asyncio.Event()

    async def change() -> None:
        async with tenant_scope(firm.placement, authorization_version=None):
            await Company.filter(id=company.id).update(**columns, version=company.version + 1)
            written.set()
            await commit.wait()

    # A task of its own, for the scope is the task's and the block is to have none.
    other = asyncio.create_task(change())
    await written.wait()
    yield
    commit.set()
    await other


async def somebody_waits(database: Database) -> None:
    """Until a statement in the tests' database waits for a lock."""
    looking = await asyncpg.connect(database.url)
    try:
        while not await looking.fetchval(
            "SELECT EXISTS (SELECT FROM pg_stat_activity"
            " WHERE datname = current_database() AND wait_event_type = 'Lock') FROM pg_sleep(0.01)"
        ):
            pass
    finally:
        await looking.close()


async def test_an_outdated_version_is_a_conflict_and_nothing_is_written(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    await update(firm, analyst, company, name="First")
    answer = await update(firm, analyst, company, name="Second")
    assert answer.user_errors == [("CONFLICT", "input.version")]
    assert answer.payload["userErrors"][0]["currentVersion"] == 2
    assert answer.payload["company"]["name"] == "First"
    assert (await firm.row(company.id)).name == "First"


async def test_a_version_that_was_never_given_out_is_a_conflict_too(firm: Firm, analyst: Viewer) -> None:
    company = await firm.company("DACH")
    answer = await update(firm, analyst, company, version=2, name="After")
    assert answer.user_errors == [("CONFLICT", "input.version")]
    await assert_untouched(firm, company)


async def test_two_updates_of_one_version_at_once_one_wins_and_the_other_is_told(firm: Firm, owner: Viewer) -> None:
    viewers = [await firm.viewer(owner.member_id), await firm.viewer(owner.member_id)]
    for attempt in range(10):
        company = await firm.company("DACH", sector="Before", industry="Before")
        given: list[dict[str, object]] = [{"sector": f"First {attempt}"}, {"industry": f"Second {attempt}"}]
        answers = await asyncio.gather(
            *(update(firm, viewer, company, **keys) for viewer, keys in zip(viewers, given, strict=True))
        )
        won = [not answer.user_errors for answer in answers]
        assert sorted(won) == [False, True]
        lost = answers[won.index(False)]
        assert lost.user_errors == [("CONFLICT", "input.version")]
        assert lost.payload["userErrors"][0]["currentVersion"] == 2
        row = await firm.row(company.id)
        expected = (f"First {attempt}", "Before") if won[0] else ("Before", f"Second {attempt}")
        assert (row.sector, row.industry, row.version) == (*expected, 2)


async def test_an_update_that_waited_for_another_is_told_what_the_other_made(
    firm: Firm, database: Database, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    async with meanwhile(firm, company, name="First"):
        second = asyncio.create_task(update(firm, analyst, company, name="Second"))
        await somebody_waits(database)
    answer = await second
    assert answer.user_errors == [("CONFLICT", "input.version")]
    assert answer.payload["userErrors"][0]["currentVersion"] == 2
    assert (await firm.row(company.id)).name == "First"


async def test_a_company_that_moves_out_of_reach_while_an_update_waits_is_gone(
    firm: Firm, database: Database, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    async with meanwhile(firm, company, org_unit_id=firm.units["Americas"]):
        second = asyncio.create_task(update(firm, analyst, company, name="Second"))
        await somebody_waits(database)
    answer = await second
    assert answer.user_errors == [("NOT_FOUND", "input.id")]
    assert answer.payload["company"] is None
    assert (await firm.row(company.id)).name == "Before"


async def test_a_version_that_was_guessed_ahead_does_not_carry_a_permission_over_a_move(
    firm: Firm, analyst: Viewer
) -> None:
    company = await firm.company("DACH")
    async with meanwhile(firm, company, org_unit_id=firm.units["Americas"]):
        ahead = await update(firm, analyst, company, version=2, name="Second")
    assert ahead.user_errors == [("CONFLICT", "input.version")]
    assert (await firm.row(company.id)).name == "Before"


async def test_two_changes_at_once_make_no_circle_either(firm: Firm, analyst: Viewer) -> None:
    for _ in range(5):
        one, two = await firm.company("DACH"), await firm.company("DACH")
        answers = await asyncio.gather(
            update(firm, analyst, one, parentId=global_id("Company", two.id)),
            update(firm, analyst, two, parentId=global_id("Company", one.id)),
        )
        assert sorted(len(answer.user_errors) for answer in answers) == [0, 1]


async def test_one_reference_wanted_by_two_at_once_goes_to_one(firm: Firm, owner: Viewer) -> None:
    reference = uuid4().hex
    one, two = await firm.company("DACH"), await firm.company("Americas")
    answers = await asyncio.gather(*(update(firm, owner, each, reference=reference) for each in (one, two)))
    assert sorted(answer.user_errors for answer in answers) == [[], [("BAD_USER_INPUT", "input.reference")]]


async def test_a_permission_that_was_taken_away_a_moment_ago_writes_nothing(firm: Firm) -> None:
    viewer = await firm.member(("analyst", "EMEA"))
    company = await firm.company("DACH")
    async with tenant_scope(firm.placement, authorization_version=None):
        await RoleAssignment.filter(member_id=viewer.member_id).delete()
    given = {"id": global_id("Company", company.id), "version": 1, "name": "After"}
    with pytest.raises(StaleAuthorizationError):
        await firm.engine.execute(Request(UPDATE, "test", variables={"input": given}), viewer)
    await assert_untouched(firm, company)
    again = await update(firm, viewer, company, name="After")
    assert (again.data, again.codes) == ({"companyUpdate": None}, ["FORBIDDEN"])
