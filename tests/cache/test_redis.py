"""What holds in Redis only: other people's keys, other people's values, and no Redis at all."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from redis.asyncio import Redis

from cache import open_cache
from tests.cache.conftest import SETS, cache_settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_url)
    yield client
    await client.aclose()


async def test_every_key_has_our_prefix_and_a_lifetime(redis: Redis, redis_url: str) -> None:
    namespace = f"test-{uuid4().hex}"
    cache = open_cache(cache_settings(redis_url), namespace=namespace, capacity=1)
    await cache.set("key", 1, seconds=30)
    name = f"fieldgate:{namespace}:key"
    assert 0 < await redis.pttl(name) <= 30_000
    await cache.delete("key")
    assert await redis.exists(name) == 0
    await cache.close()


async def test_closing_leaves_other_keys_alone(redis: Redis, redis_url: str) -> None:
    stranger = f"stranger-{uuid4().hex}"
    await redis.set(stranger, "kept", ex=60)
    cache = open_cache(cache_settings(redis_url), namespace="closing", capacity=1)
    await cache.set("key", 1, seconds=30)
    await cache.close()
    assert await redis.get(stranger) == b"kept"
    await redis.delete(stranger)


async def test_an_entry_that_we_did_not_write_is_a_miss(redis: Redis, redis_url: str) -> None:
    namespace = f"test-{uuid4().hex}"
    cache = open_cache(cache_settings(redis_url), namespace=namespace, capacity=1)
    await cache.set("mine", {"everywhere": ["company:read"]}, seconds=30)
    await cache.set("theirs", {"everywhere": []}, seconds=30)
    mine, theirs = f"fieldgate:{namespace}:mine", f"fieldgate:{namespace}:theirs"
    genuine = await redis.get(mine)
    assert isinstance(genuine, bytes)
    assert await cache.get("mine") is not None

    await redis.set(theirs, genuine, ex=30)  # a genuine entry under another key
    assert await cache.get("theirs") is None
    await redis.set(mine, genuine.replace(b"company:read", b"company:wipe"), ex=30)
    assert await cache.get("mine") is None
    for forged in (b"", b"short", b"\xff\xfe", b'{"everywhere": ["company:write"]}', b"0" * 64 + b"1"):
        await redis.set(mine, forged, ex=30)
        assert await cache.get("mine") is None
    await redis.set(mine, genuine, ex=30)
    assert await cache.get("mine") == {"everywhere": ["company:read"]}
    await redis.delete(mine, theirs)
    await cache.close()


async def test_an_entry_that_the_codec_does_not_know_is_a_miss(redis_url: str) -> None:
    namespace = f"test-{uuid4().hex}"
    older = open_cache(cache_settings(redis_url), namespace=namespace, capacity=1)
    newer = open_cache(cache_settings(redis_url), namespace=namespace, capacity=1, codec=SETS)
    await older.set("key", 7, seconds=30)
    assert await newer.get("key") is None
    await older.set("key", [1, 2], seconds=30)
    assert await newer.get("key") == frozenset({1, 2})
    await older.close()
    await newer.close()


async def test_with_redis_down_everything_is_a_miss_and_making_goes_on() -> None:
    cache = open_cache(cache_settings("redis://127.0.0.1:1/0"), namespace="down", capacity=1)

    async def make() -> str:
        return "made"

    await cache.set("key", 1, seconds=30)
    assert await cache.get("key") is None
    assert await cache.get_or_set("key", make, seconds=30) == "made"
    await cache.delete("key")
    await cache.close()


async def test_a_redis_that_never_answers_is_left_alone_after_one_timeout() -> None:
    connections = 0

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.read()
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    cache = open_cache(cache_settings(f"redis://127.0.0.1:{port}/0"), namespace="mute", capacity=1)
    assert [await cache.get("key") for _ in range(50)] == [None] * 50
    assert connections == 1
    await cache.close()
    server.close()
    await server.wait_closed()


async def test_a_wrong_password_is_a_miss_too(redis_url: str) -> None:
    address = redis_url.replace("redis://", "redis://nobody:wrong@")
    cache = open_cache(cache_settings(address), namespace="refused", capacity=1)
    assert await cache.get("key") is None
    await cache.close()
