"""Both stores behind the port, so that one contract is asked of each."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from pydantic import SecretStr

from cache import Codec, open_cache
from settings import DEVELOPMENT_KEY, Settings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cache import Cache

REDIS_URL = os.environ.get("FIELDGATE_REDIS_URL")


def cache_settings(redis_url: str | None) -> Settings:
    return Settings(
        environment="development",
        key_encryption_key=SecretStr(DEVELOPMENT_KEY),
        redis_url=None if redis_url is None else SecretStr(redis_url),
    )


@pytest.fixture
def redis_url() -> str:
    if REDIS_URL is None:
        pytest.skip("FIELDGATE_REDIS_URL is not set")
    return REDIS_URL


SETS = Codec(encode=sorted, decode=frozenset)


@pytest.fixture(params=["memory", "redis"])
async def codec_cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    address = request.getfixturevalue("redis_url") if request.param == "redis" else None
    opened = open_cache(cache_settings(address), namespace=f"test-{uuid4().hex}", capacity=3, codec=SETS)
    yield opened
    await opened.close()


@pytest.fixture(params=["memory", "redis"])
async def cache(request: pytest.FixtureRequest) -> AsyncIterator[Cache]:
    address = request.getfixturevalue("redis_url") if request.param == "redis" else None
    opened = open_cache(cache_settings(address), namespace=f"test-{uuid4().hex}", capacity=3)
    yield opened
    await opened.close()
