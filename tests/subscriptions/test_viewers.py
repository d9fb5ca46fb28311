"""Who has a stream open, and until when: whatever kind of token opened it, heard of or found by looking."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from auth import personal_access_tokens
from auth.acting import Acting, ActingKind
from auth.opening import open_authentication
from auth.permissions import Permission
from auth.roles import BUILT_IN_ROLES
from auth.sessions.access_token import Subject, issue
from auth.unauthenticated import UnauthenticatedError
from models.shared import Client, Session, TenantStatus
from models.tenant import Member, OrgUnit, Role, RoleAssignment
from server.streams import looking
from server.streams.stream_viewer import Ending
from server.streams.viewers import TooManyStreamsError, Viewers
from tenancy.notifications import Notifications
from tenancy.provisioning import create_tenant, set_tenant_status
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.opening import Authentication
    from server.streams.stream_viewer import StreamViewer
    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement

WITHIN_SECONDS = 5


@dataclass
class Process:
    """What one process has open, and a tenant that is nobody else's."""

    authentication: Authentication
    viewers: Viewers
    placement: TenantPlacement
    database: Database

    async def member(self) -> UUID:
        async with tenant_scope(self.placement, authorization_version=None):
            unit = await OrgUnit.first() or await OrgUnit.create(name="Head office")
            member = await Member.create(email=f"{uuid4()}@x.example", full_name="A Person", org_unit_id=unit.id)
            owner = await Role.get(key="owner")
            await RoleAssignment.create(member_id=member.id, role_id=owner.id)
        return member.id

    async def token(self, member_id: UUID, session_id: UUID | None = None, **more: int) -> str:
        subject = Subject(self.placement.tenant_id, member_id, session_id or uuid4(), int(time.time()))
        return issue(self.authentication.settings, await self.authentication.keys.signer(), subject, **more)

    async def personal(self, member_id: UUID) -> personal_access_tokens.NewToken:
        viewer = await self.authentication.authenticator.viewer(await self.token(member_id))
        return await personal_access_tokens.create(viewer, "A script", None, days=30)


@pytest.fixture(params=[True, False], ids=["told", "looks"])
async def process(request: pytest.FixtureRequest, settings: Settings, database: Database) -> AsyncIterator[Process]:
    slug = f"viewers-{secrets.token_hex(4)}"
    placement = await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    notifications = Notifications(database.url)
    async with contextlib.AsyncExitStack() as opened:
        if request.param:
            await opened.enter_async_context(notifications.listening())
        authentication = await opened.enter_async_context(
            open_authentication(settings, database.directory, notifications=notifications)
        )
        allowed = settings.model_copy(update={"limit_streams_per_member": 3})
        viewers = Viewers(authentication.authenticator, authentication.revocations, notifications, allowed)
        await opened.enter_async_context(viewers.kept_current())
        yield Process(authentication, viewers, placement, database)


async def ended(stream: StreamViewer) -> Ending:
    return await asyncio.wait_for(asyncio.shield(stream.ended), WITHIN_SECONDS)


async def test_g21_a_stream_of_a_personal_access_token_ends_with_it(process: Process) -> None:
    member_id = await process.member()
    revoked, kept = await process.personal(member_id), await process.personal(member_id)
    async with process.viewers.stream(revoked.text) as stream, process.viewers.stream(kept.text) as other:
        assert await personal_access_tokens.revoke(stream.viewer, revoked.row.id)
        assert await ended(stream) is Ending.SESSION_OVER
        assert not other.ended.done()
    with pytest.raises(UnauthenticatedError):
        async with process.viewers.stream(revoked.text):
            pass


async def test_g21_a_stream_of_a_client_ends_when_the_client_is_switched_off(process: Process) -> None:
    member_id, now = await process.member(), datetime.now(UTC)
    later = now + timedelta(seconds=300)
    clients = [
        await Client.create(tenant_id=process.placement.tenant_id, member_id=member_id, name=f"{number}")
        for number in range(2)
    ]
    tokens = []
    for client in clients:
        session = await Session.create(
            id=uuid4(), tenant_id=client.tenant_id, member_id=member_id, client_id=client.id, kind="client",
            authenticated_at=now, last_used_at=now, idle_expires_at=later, expires_at=later,
        )  # fmt: skip
        acting = Acting(ActingKind.CLIENT, frozenset({Permission.COMPANY_READ}), client_id=client.id)
        subject = Subject(client.tenant_id, member_id, session.id, int(now.timestamp()), acting)
        settings, keys = process.authentication.settings, process.authentication.keys
        tokens.append(issue(settings, await keys.signer(), subject))
    async with process.viewers.stream(tokens[0]) as stream, process.viewers.stream(tokens[1]) as other:
        assert stream.viewer.grants.everywhere == {Permission.COMPANY_READ}
        await Client.filter(id=clients[0].id).update(enabled=False)
        assert await ended(stream) is Ending.SESSION_OVER
        assert not other.ended.done()


async def test_g21_a_stream_ends_when_its_access_token_expires(process: Process) -> None:
    member_id = await process.member()
    async with process.viewers.stream(await process.token(member_id, seconds=2)) as stream:
        assert await ended(stream) is Ending.EXPIRED


async def test_g21_no_stream_lives_longer_than_an_access_token_may(
    process: Process, settings: Settings, database: Database
) -> None:
    short = settings.model_copy(update={"access_token_seconds": 1})
    authentication = process.authentication
    viewers = Viewers(authentication.authenticator, authentication.revocations, Notifications(database.url), short)
    made = await process.personal(await process.member())
    async with viewers.stream(made.text) as stream:
        assert await ended(stream) is Ending.EXPIRED


@pytest.mark.parametrize("kind", ["session", "personal"])
async def test_g21_a_stream_ends_when_its_tenant_is_suspended(process: Process, kind: str) -> None:
    member_id = await process.member()
    token = await process.token(member_id) if kind == "session" else (await process.personal(member_id)).text
    async with process.viewers.stream(token) as stream:
        await set_tenant_status(process.database, process.placement.slug, TenantStatus.SUSPENDED)
        assert await ended(stream) is Ending.SESSION_OVER


@pytest.mark.parametrize("kind", ["session", "personal"])
async def test_g21_a_stream_ends_with_its_member(process: Process, kind: str) -> None:
    member_id, other_id = await process.member(), await process.member()
    token = await process.token(member_id) if kind == "session" else (await process.personal(member_id)).text
    others = await process.token(other_id)
    async with process.viewers.stream(token) as stream, process.viewers.stream(others) as other:
        async with tenant_scope(process.placement, authorization_version=None):
            await Member.filter(id=member_id).update(active=False)
        assert await ended(stream) is Ending.SESSION_OVER
        assert not other.ended.done()


async def test_g21_changed_grants_are_taken_over_by_an_open_stream(process: Process) -> None:
    member_id = await process.member()
    made = await process.personal(member_id)
    async with process.viewers.stream(made.text) as stream:
        renewed = stream.renewed
        async with tenant_scope(process.placement, authorization_version=None):
            await RoleAssignment.filter(member_id=member_id).delete()
        await asyncio.wait_for(renewed.wait(), WITHIN_SECONDS)
        assert not stream.viewer.may(Permission.COMPANY_READ, None)
        assert not stream.ended.done()


async def test_g19_streams_are_counted_for_a_member_whichever_token_opens_them(process: Process) -> None:
    member_id, other_id = await process.member(), await process.member()
    made = await process.personal(member_id)
    async with contextlib.AsyncExitStack() as opened:
        for token in (await process.token(member_id), await process.token(member_id)):
            await opened.enter_async_context(process.viewers.stream(token))
        async with process.viewers.stream(made.text):
            for token in (made.text, await process.token(member_id)):
                with pytest.raises(TooManyStreamsError):
                    async with process.viewers.stream(token):
                        pass
            await opened.enter_async_context(process.viewers.stream(await process.token(other_id)))
        await opened.enter_async_context(process.viewers.stream(made.text))


async def test_g21_a_tenant_that_cannot_be_looked_at_keeps_nobody_else_from_ending(
    process: Process, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    slug = f"viewers-{secrets.token_hex(4)}"
    placement = await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)
    broken = Process(process.authentication, process.viewers, placement, database)
    version_of = looking._version  # noqa: SLF001 - a database that fails, for one tenant of it

    async def fails_for_one(of: TenantPlacement) -> int | None:
        if of == placement:
            raise OSError
        return await version_of(of)

    monkeypatch.setattr(looking, "_version", fails_for_one)
    member_id = await process.member()
    first, last = await broken.token(await broken.member()), await broken.token(await broken.member())
    async with contextlib.AsyncExitStack() as opened:
        await opened.enter_async_context(process.viewers.stream(first))
        stream = await opened.enter_async_context(process.viewers.stream(await process.token(member_id)))
        await opened.enter_async_context(process.viewers.stream(last))
        async with tenant_scope(process.placement, authorization_version=None):
            await Member.filter(id=member_id).delete()
        assert await ended(stream) is Ending.SESSION_OVER
