"""What a process knows of published documents, soon after each change."""

from __future__ import annotations

import asyncio
import hashlib
import time
from typing import TYPE_CHECKING

import pytest

from server.operations import published as module
from server.operations.published import PublishedOperations
from server.operations.registry import publish, retire
from tenancy.notifications import Notifications
from tests.server.operations.forgetting import forget_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from tenancy.database import Database

TEXT = "query Ä { __typename }"
HASH = f"sha256:{hashlib.sha256(TEXT.encode()).hexdigest()}"


@pytest.fixture(autouse=True)
async def empty(database: Database) -> AsyncIterator[None]:
    del database
    await forget_operations()
    yield
    await forget_operations()


async def becomes(condition: Callable[[], bool], within: float = 5) -> None:
    """Wait until it holds, but not for ever."""
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def test_what_is_published_before_is_known_from_the_first_request_on(database: Database) -> None:
    await publish({"1": TEXT})
    published = PublishedOperations(Notifications(database.url))
    assert published.text("1") is None
    async with published.kept_current():
        assert (published.text("1"), published.text(HASH), published.text("2")) == (TEXT, TEXT, None)
        assert published.text("1") is published.text(HASH)


@pytest.mark.parametrize("listens", [True, False])
async def test_a_change_is_known_within_seconds_whether_or_not_anything_is_heard(
    database: Database, monkeypatch: pytest.MonkeyPatch, *, listens: bool
) -> None:
    if listens:
        monkeypatch.setattr(module, "LOOK_SECONDS", 60)
    notifications = Notifications(database.url)
    published = PublishedOperations(notifications)
    connected = asyncio.Event()
    notifications.on_connected(connected.set)
    async with published.kept_current():
        if not listens:
            await _comes_and_goes(published)
            return
        async with notifications.listening():
            await connected.wait()
            await _comes_and_goes(published)


async def _comes_and_goes(published: PublishedOperations) -> None:
    await publish({"1": TEXT})
    await becomes(lambda: published.text("1") == TEXT)
    await retire(["1"])
    await becomes(lambda: published.text("1") is None and published.text(HASH) is None)
    await publish({"1": TEXT})
    await becomes(lambda: published.text("1") == TEXT)


async def test_a_database_that_does_not_answer_takes_nothing_away(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await publish({"1": TEXT})
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.02)
    published = PublishedOperations(Notifications(database.url))
    async with published.kept_current():
        with monkeypatch.context() as broken:
            broken.setattr(module, "_FINGERPRINT", "SELECT nothing")
            await asyncio.sleep(0.2)
            assert published.text("1") == TEXT
        await retire(["1"])
        await becomes(lambda: published.text("1") is None)
