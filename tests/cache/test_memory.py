"""What holds in this process only: the bound."""

from __future__ import annotations

from cache import open_cache
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


async def test_a_cache_kept_in_process_never_asks_redis() -> None:
    # Nothing listens on port 1: a cache that went there could not give the value back.
    cache = open_cache(cache_settings("redis://127.0.0.1:1/0"), namespace="near", capacity=3, in_process=True)
    await cache.set("key", 1, seconds=30)
    assert await cache.get("key") == 1
    await cache.close()
