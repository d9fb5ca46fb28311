"""A process that can neither hear of ended sessions nor look for them: their access tokens die with their own lives.

PostgreSQL is there for everything else, which is the worst case: where it is not, nobody can be let in at all.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

import pytest
import time_machine
from tortoise import connections

from auth.opening import open_authentication
from auth.sessions import revocation
from auth.sessions.access_token import Subject, issue
from auth.unauthenticated import UnauthenticatedError
from models.shared import Session
from server.streams.stream_viewer import Ending
from server.streams.viewers import Viewers
from tenancy.notifications import Notifications
from tenancy.pool import ConnectionPool
from tests.auth.test_revocation import is_refused, signed_in, until_refused

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from auth.opening import Authentication
    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person


@pytest.fixture
def blindfold(database: Database) -> Iterator[pytest.MonkeyPatch]:  # noqa: ARG001 # it has to be open
    """No look for ended sessions gets an answer, until it is taken off."""
    patch = pytest.MonkeyPatch()
    client = type(connections.get("shared"))
    answered = client.execute_query_dict

    async def fails(self: object, query: str, *arguments: object) -> object:
        if query == revocation._LOOK:  # noqa: SLF001 - this statement and no other
            raise ConnectionResetError
        return await answered(self, query, *arguments)

    patch.setattr(client, "execute_query_dict", fails)
    yield patch
    patch.undo()


@pytest.fixture
async def blind(settings: Settings, database: Database, blindfold: pytest.MonkeyPatch) -> AsyncIterator[Authentication]:
    del blindfold
    async with open_authentication(settings, database.directory, notifications=Notifications(database.url)) as opened:
        yield opened


async def test_j9_the_access_token_of_an_ended_session_dies_with_its_own_life(
    blind: Authentication, owner: Person, settings: Settings
) -> None:
    began = time.time()
    tokens = await signed_in(blind, owner)
    assert not await is_refused(blind, tokens.access_token)
    await blind.sessions.end(tokens.refresh_token, "signed_out")
    assert (await Session.get(id=tokens.subject.session_id)).revoked_at is not None
    with pytest.raises(UnauthenticatedError):
        await blind.sessions.refresh(tokens.refresh_token)
    with time_machine.travel(began + settings.access_token_seconds - 30):
        assert not await is_refused(blind, tokens.access_token), "it could not know; otherwise this would test nothing"
    with time_machine.travel(time.time() + settings.access_token_seconds + 1):
        assert await is_refused(blind, tokens.access_token)


async def test_j9_a_stream_of_an_ended_session_ends_with_the_access_token(
    blind: Authentication, owner: Person, settings: Settings, database: Database
) -> None:
    viewers = Viewers(blind.authenticator, blind.revocations, Notifications(database.url), settings)
    tokens = await signed_in(blind, owner)
    subject = Subject(owner.placement.tenant_id, owner.member_id, tokens.subject.session_id, int(time.time()))
    short = issue(settings, await blind.keys.signer(), subject, seconds=5)
    async with viewers.kept_current(), viewers.stream(short) as stream:
        await blind.sessions.end(tokens.refresh_token, "signed_out")
        assert await asyncio.wait_for(stream.ended, 20) is Ending.EXPIRED, "nobody could say why"


async def test_j9_as_soon_as_it_can_look_again_the_token_is_dead(
    blind: Authentication, owner: Person, blindfold: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    tokens = await signed_in(blind, owner)
    assert not await is_refused(blind, tokens.access_token)
    await blind.sessions.end(tokens.refresh_token, "signed_out")
    said = ""
    async with asyncio.timeout(20):
        while "cannot look for ended sessions" not in said:
            await asyncio.sleep(0.1)
            said += capsys.readouterr().out
    assert not await is_refused(blind, tokens.access_token)
    blindfold.undo()
    await until_refused(blind, tokens.access_token)


async def test_j9_without_any_database_nobody_unknown_is_let_in(
    blind: Authentication, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = await signed_in(blind, owner)

    async def fails(*_arguments: object, **_names: object) -> object:
        raise ConnectionRefusedError

    # Nor is there one that stands ready.
    monkeypatch.setattr(ConnectionPool, "take", lambda *_arguments: None)
    monkeypatch.setattr(ConnectionPool, "acquire", fails)
    with pytest.raises(ConnectionRefusedError):
        await blind.authenticator.viewer(tokens.access_token)
