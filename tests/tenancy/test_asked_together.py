"""One look-up answers everybody who asks in the same moment, and nobody who asks later."""

from __future__ import annotations

import asyncio
import contextlib
from contextvars import Context
from typing import TYPE_CHECKING

import pytest
from tortoise.transactions import in_transaction

from models.shared import Tenant
from tenancy.asked_together import AskedTogether

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement


class Slow:
    """A look-up that says how often it was made, when it is told to."""

    def __init__(self) -> None:
        self.made = 0
        self.has_begun = asyncio.Event()
        self.may_end = asyncio.Event()

    async def __call__(self, key: str) -> str:
        self.made += 1
        answer = f"{key} {self.made}"
        self.has_begun.set()
        await self.may_end.wait()
        if key == "broken":
            raise LookupError(answer)
        return answer


async def test_those_who_ask_in_one_moment_share_a_look_up_by_key() -> None:
    slow = Slow()
    slow.may_end.set()
    asked = AskedTogether(slow)
    assert [*await asyncio.gather(asked("a"), asked("b"), asked("a"))] == ["a 1", "b 2", "a 1"]
    assert await asked("a") == "a 3"


async def test_who_asks_while_a_look_up_runs_gets_a_later_one() -> None:
    slow = Slow()
    asked = AskedTogether(slow)
    first = asyncio.create_task(asked("a"))
    await slow.has_begun.wait()
    slow.has_begun.clear()
    second = asyncio.create_task(asked("a"))
    await slow.has_begun.wait()
    slow.may_end.set()
    assert [await first, await second] == ["a 1", "a 2"]


async def test_what_a_look_up_raises_is_raised_to_all_and_not_kept() -> None:
    slow = Slow()
    slow.may_end.set()
    asked = AskedTogether(slow)
    failures = await asyncio.gather(asked("broken"), asked("broken"), return_exceptions=True)
    assert [str(failure) for failure in failures] == ["broken 1", "broken 1"]
    with pytest.raises(LookupError, match="broken 2"):
        await asked("broken")


async def test_who_goes_away_does_not_take_the_others_answer_along() -> None:
    slow = Slow()
    asked = AskedTogether(slow)
    impatient, patient = asyncio.create_task(asked("a")), asyncio.create_task(asked("a"))
    await slow.has_begun.wait()
    impatient.cancel()
    slow.may_end.set()
    assert await patient == "a 1"


async def test_inside_a_transaction_one_sees_what_it_has_changed_and_others_do_not(acme: TenantPlacement) -> None:
    async def name_of(slug: str) -> str:
        return (await Tenant.get(slug=slug)).name

    asked = AskedTogether(name_of)
    before = await asked(acme.slug)
    with contextlib.suppress(UndoneError):
        async with in_transaction("shared"):
            await Tenant.filter(slug=acme.slug).update(name="Another")
            assert await asked(acme.slug) == "Another"
            assert await asyncio.create_task(asked(acme.slug), context=Context()) == before
            raise UndoneError
    assert await asked(acme.slug) == before


class UndoneError(Exception):
    """Nothing is to be left of it."""
