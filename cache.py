"""The one door to caches: aiocache, in this process by default and in Redis by setting.

A cache holds what can be had again: losing an entry costs time and nothing else. So an unreachable Redis is a miss,
and nobody may rely on ``delete`` having happened: a value that can go out of date carries its version in its key.

Callers see values (``None`` means "not there"), times in seconds, and none of aiocache 0.12's traps: ``clear`` flushes
the whole database, the memory cache knows no bound, a lifetime of zero means for ever, ``setex`` is deprecated.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeVar, cast

import orjson
import structlog
from aiocache import RedisCache, SimpleMemoryCache
from aiocache.serializers import NullSerializer, StringSerializer
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from settings import Settings

T = TypeVar("T")

# A cache that answers slower than the work that it saves is worse than none.
REDIS_TIMEOUT_SECONDS: Final = 0.25
# How long a Redis that failed is left alone, so that a black-holed address costs one request its timeout, not each one.
REDIS_REST_SECONDS: Final = 1.0

_TAG_CHARACTERS: Final = hashlib.sha256().digest_size * 2

_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Codec:
    """How values that are not JSON, and never change, are written to Redis.

    Attributes:
        encode: value to JSON.
        decode: JSON to value; raises ``TypeError``, ``ValueError`` or ``LookupError`` for what is none.
    """

    encode: Callable[[Any], object]
    decode: Callable[[Any], object]


class _Store(Protocol):
    async def get(self, key: str) -> object | None: ...

    async def set(self, key: str, value: object, seconds: float) -> None: ...

    async def delete(self, key: str) -> None: ...

    async def close(self) -> None: ...


class _BoundedMemoryCache(SimpleMemoryCache):  # type: ignore[misc] # aiocache ships no types
    """aiocache's memory cache with a bound: the entry that was used longest ago makes room."""

    def __init__(self, capacity: int) -> None:
        # No timeout: it would cost a task for each dictionary look-up.
        super().__init__(serializer=NullSerializer(), timeout=None)
        self._capacity = capacity
        self._cache: OrderedDict[str, object] = OrderedDict()

    async def _get(self, key: str, encoding: str = "utf-8", _conn: object = None) -> object | None:
        value: object | None = await super()._get(key, encoding, _conn)
        if value is not None:
            self._cache.move_to_end(key)
        return value

    async def _set(
        self, key: str, value: object, ttl: float | None = None, _cas_token: object = None, _conn: object = None
    ) -> None:
        await super()._set(key, value, ttl=ttl)
        self._cache.move_to_end(key)
        while len(self._cache) > self._capacity:
            await self._delete(next(iter(self._cache)))


class _MemoryStore:
    """Keeps JSON as text, so that nobody can change what others are given; what never changes, as it is."""

    def __init__(self, capacity: int, *, as_text: bool) -> None:
        self._cache = _BoundedMemoryCache(capacity)
        self._as_text = as_text

    async def get(self, key: str) -> object | None:
        kept = cast("object | None", await self._cache.get(key))
        return orjson.loads(kept) if isinstance(kept, bytes) else kept

    async def set(self, key: str, value: object, seconds: float) -> None:
        await self._cache.set(key, orjson.dumps(value) if self._as_text else value, ttl=seconds)

    async def delete(self, key: str) -> None:
        await self._cache.delete(key)

    async def close(self) -> None:
        # Each entry has a timer in the event loop; deleting is what cancels it.
        for key in list(self._cache._cache):  # noqa: SLF001 # ``clear`` would leave the timers running
            await self._cache.delete(key)


class _RedisStore:
    """aiocache's Redis cache over a connection of our own, failing open.

    What comes back counts only if it carries our authentication tag for that key: grants are kept here, and whoever
    may write to a shared Redis must not thereby be able to hand them out.
    """

    def __init__(self, url: str, tag_key: bytes, codec: Codec | None) -> None:
        # Bytes come back as they are: whether they can be read as text is only worth asking once the tag has held.
        self._cache = RedisCache(serializer=StringSerializer(encoding=None), timeout=2 * REDIS_TIMEOUT_SECONDS)
        # aiocache's own client takes no user name, no read timeout and no address of a socket, and retries for seconds.
        self._cache.client = Redis.from_url(
            url,
            socket_timeout=REDIS_TIMEOUT_SECONDS,
            socket_connect_timeout=REDIS_TIMEOUT_SECONDS,
            retry=Retry(NoBackoff(), retries=0),
        )
        self._tag_key = tag_key
        self._codec = codec
        self._rests_until = 0.0

    def _tag(self, key: str, text: bytes) -> bytes:
        return hmac.digest(self._tag_key, key.encode() + b"\0" + text, "sha256").hex().encode()

    async def _attempt(self, operation: Callable[[], Awaitable[object]]) -> object:
        if time.monotonic() < self._rests_until:
            return None
        try:
            return await operation()
        except (RedisError, OSError, TimeoutError) as failure:
            # The message of a connection error names the address; its class says enough.
            _log.warning("cache unavailable, going on without it", reason=type(failure).__name__)
            self._rests_until = time.monotonic() + REDIS_REST_SECONDS
            return None

    async def get(self, key: str) -> object | None:
        stored = await self._attempt(lambda: self._cache.get(key))
        if not isinstance(stored, bytes):
            return None
        tag, text = stored[:_TAG_CHARACTERS], stored[_TAG_CHARACTERS:]
        if not hmac.compare_digest(tag, self._tag(key, text)):
            return None
        value: object = orjson.loads(text)
        if self._codec is None:
            return value
        try:
            return self._codec.decode(value)
        except (TypeError, ValueError, LookupError):  # written by a release that knew it in another form
            return None

    async def set(self, key: str, value: object, seconds: float) -> None:
        text = orjson.dumps(value if self._codec is None else self._codec.encode(value))
        entry = (self._tag(key, text) + text).decode()
        # A float makes aiocache send PSETEX, which isn't deprecated; less than a millisecond is refused by Redis.
        lifetime = max(float(seconds), 0.001)
        await self._attempt(lambda: self._cache.set(key, entry, ttl=lifetime))

    async def delete(self, key: str) -> None:
        await self._attempt(lambda: self._cache.delete(key))

    async def close(self) -> None:
        await self._cache.client.aclose()


class Cache:
    """Values by key, for a while: JSON, or what the cache's codec knows."""

    def __init__(self, store: _Store, namespace: str) -> None:
        self._store = store
        self._prefix = f"fieldgate:{namespace}:"
        self._being_made: dict[str, asyncio.Task[object]] = {}

    async def get(self, key: str) -> object | None:
        """The value, or ``None`` where there is none, it has expired, or the cache is out of reach."""
        return await self._store.get(self._prefix + key)

    async def set(self, key: str, value: object, *, seconds: float) -> None:
        """Keep a value. ``None``, or no time left, keeps nothing.

        Raises:
            TypeError: the value is not of the kind that this cache is for.
        """
        if value is None or seconds <= 0:
            await self.delete(key)
        else:
            await self._store.set(self._prefix + key, value, seconds)

    async def delete(self, key: str) -> None:
        """Forget the value, if the cache can be reached."""
        await self._store.delete(self._prefix + key)

    async def get_or_set(self, key: str, make: Callable[[], Awaitable[T]], *, seconds: float) -> T:
        """The value, made if need be; of callers in this process who miss at once, one makes it and all get it.

        What ``make`` raises is raised to all of them and nothing is kept. A caller who goes away does not take the
        others' answer along.
        """
        found = await self.get(key)
        if found is not None:
            return cast("T", found)
        task = self._being_made.get(key)
        if task is None:
            task = asyncio.create_task(self._make(key, make, seconds))
            self._being_made[key] = task
            task.add_done_callback(lambda done: self._forget(key, done))
        return cast("T", await asyncio.shield(task))

    async def close(self) -> None:
        """Stop what is being made, and let go of connections and timers."""
        for task in list(self._being_made.values()):
            task.cancel()
        await self._store.close()

    async def _make(self, key: str, make: Callable[[], Awaitable[T]], seconds: float) -> object:
        value = await make()
        await self.set(key, value, seconds=seconds)
        return value

    def _forget(self, key: str, done: asyncio.Task[object]) -> None:
        del self._being_made[key]
        if not done.cancelled():
            done.exception()  # seen here, so that asyncio doesn't complain when every caller has gone away


def open_cache(settings: Settings, *, namespace: str, capacity: int, codec: Codec | None = None) -> Cache:
    """A cache of its own name, in Redis where the settings name one.

    Args:
        settings: ``redis_url`` decides where; ``key_encryption_key`` is what the tags of entries in Redis hang on.
        namespace: first part of every key, so that no two caches meet.
        capacity: how many entries this process keeps. In Redis every entry has a lifetime, and Redis' own
            ``maxmemory`` is the bound.
        codec: for values that are not JSON. They must not be changeable: in this process all callers get the same one.
    """
    if settings.redis_url is None:
        return Cache(_MemoryStore(capacity, as_text=codec is None), namespace)
    tag_key = hmac.digest(settings.key_encryption_key_bytes, b"fieldgate cache entry", "sha256")
    return Cache(_RedisStore(settings.redis_url.get_secret_value(), tag_key, codec), namespace)


def open_local_cache(*, namespace: str, capacity: int) -> Cache:
    """A cache in this process, whatever the settings: for what is cheaper made than fetched.

    Values are kept as they are and must not be changeable: all callers get the same one.
    """
    return Cache(_MemoryStore(capacity, as_text=False), namespace)
