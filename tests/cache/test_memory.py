"""What holds in this process only: the bound."""

from __future__ import annotations

from cache import open_cache, open_local_cache
from tests.cache.conftest import cache_settings


async def test_the_entry_used_longest_ago_makes_room() -> None:
    cache = open_cache(cache_settings(None), namespace="bound", capacity=3)
    for key in "abc":
        await cache.set(key, key, seconds=30)
    await cache.get("a")
    await cache.set("d", "d", seconds=30)
    assert [await cache.get(key) for key in "abcd"] == ["a", None, "c", "d"]
    await cache.close()


async def test_two_namespaces_never_meet() -> None:
    one = open_cache(cache_settings(None), namespace="one", capacity=3)
    other = open_cache(cache_settings(None), namespace="other", capacity=3)
    await one.set("key", 1, seconds=30)
    assert await other.get("key") is None
    await one.close()
    await other.close()


async def test_a_local_cache_keeps_values_as_they_are() -> None:
    cache = open_local_cache(namespace="near", capacity=3)
    value = object()
    await cache.set("key", value, seconds=30)
    assert await cache.get("key") is value
    await cache.close()
