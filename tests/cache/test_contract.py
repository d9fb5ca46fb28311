"""What every store behind the port does alike."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cache import Cache


async def test_what_was_set_comes_back_as_json(cache: Cache) -> None:
    value = {"name": "Müller", "units": [1, 2.5, None, True], "deep": {"er": ["x"]}}
    await cache.set("key", value, seconds=30)
    assert await cache.get("key") == value


async def test_an_unknown_key_is_a_miss(cache: Cache) -> None:
    assert await cache.get("nothing") is None


async def test_a_change_to_a_value_that_was_handed_out_stays_outside(cache: Cache) -> None:
    await cache.set("key", {"permissions": ["company:read"]}, seconds=30)
    first = await cache.get("key")
    assert isinstance(first, dict)
    first["permissions"].append("company:write")
    assert await cache.get("key") == {"permissions": ["company:read"]}


async def test_the_later_value_replaces_the_earlier(cache: Cache) -> None:
    await cache.set("key", 1, seconds=30)
    await cache.set("key", 2, seconds=30)
    assert await cache.get("key") == 2


async def test_deleting_forgets_one_key_only(cache: Cache) -> None:
    await cache.set("kept", 1, seconds=30)
    await cache.set("gone", 2, seconds=30)
    await cache.delete("gone")
    assert (await cache.get("kept"), await cache.get("gone")) == (1, None)


async def test_a_value_is_gone_after_its_lifetime(cache: Cache) -> None:
    await cache.set("key", 1, seconds=0.05)
    deadline = asyncio.get_running_loop().time() + 5
    while await cache.get("key") is not None:
        assert asyncio.get_running_loop().time() < deadline, "the entry outlived its time"
        await asyncio.sleep(0.01)


@pytest.mark.parametrize("seconds", [0, -1])
async def test_no_time_left_keeps_nothing_and_drops_the_old_value(cache: Cache, seconds: float) -> None:
    await cache.set("key", "old", seconds=30)
    await cache.set("key", "new", seconds=seconds)
    assert await cache.get("key") is None


async def test_what_is_not_json_is_refused(cache: Cache) -> None:
    with pytest.raises(TypeError):
        await cache.set("key", object(), seconds=30)


async def test_a_codec_carries_values_that_are_not_json(codec_cache: Cache) -> None:
    await codec_cache.set("key", frozenset({1, 2}), seconds=30)
    assert await codec_cache.get("key") == frozenset({1, 2})


async def test_callers_who_miss_at_once_share_one_making(cache: Cache) -> None:
    made = 0

    async def make() -> int:
        nonlocal made
        made += 1
        await asyncio.sleep(0)
        return made

    answers = await asyncio.gather(*(cache.get_or_set("key", make, seconds=30) for _ in range(20)))
    assert answers == [1] * 20
    assert await cache.get_or_set("key", make, seconds=30) == 1


async def test_a_failed_making_is_told_to_all_and_not_kept(cache: Cache) -> None:
    async def fail() -> int:
        await asyncio.sleep(0)
        raise LookupError

    async def succeed() -> int:
        return 7

    answers = await asyncio.gather(
        *(cache.get_or_set("key", fail, seconds=30) for _ in range(3)), return_exceptions=True
    )
    assert [type(answer) for answer in answers] == [LookupError] * 3
    assert await cache.get_or_set("key", succeed, seconds=30) == 7


async def test_a_caller_who_goes_away_does_not_take_the_answer_along(cache: Cache) -> None:
    started, go_on = asyncio.Event(), asyncio.Event()

    async def make() -> str:
        started.set()
        await go_on.wait()
        return "made"

    first = asyncio.create_task(cache.get_or_set("key", make, seconds=30))
    await started.wait()
    second = asyncio.create_task(cache.get_or_set("key", make, seconds=30))
    await asyncio.sleep(0)
    first.cancel()
    go_on.set()
    assert await second == "made"
    with pytest.raises(asyncio.CancelledError):
        await first
