"""A session that was ended is dead in every process within seconds, whether or not anything was heard of it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING
from uuid import uuid4

import asyncpg
import httpx2
import pytest

from auth.audit import NOBODY
from auth.oauth.client_registry import set_enabled
from auth.opening import open_authentication
from auth.personal_access_tokens import create as create_token
from auth.personal_access_tokens import revoke
from auth.sessions.revocation import Revocations
from auth.unauthenticated import UnauthenticatedError
from models.shared import IdentityProvider, Session, TenantStatus
from models.tenant import Member, RoleAssignment
from tenancy.notifications import APPLICATION_NAME, Notifications
from tenancy.provisioning import set_tenant_status
from tenancy.scope import tenant_scope
from tests.auth.browser import gateway
from tests.auth.partner import new_partner

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.opening import Authentication
    from auth.sessions.session import SessionTokens
    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person

WITHIN_SECONDS = 5

ENDS = (
    "member_inactive",
    "member_deleted",
    "member_linked_otherwise",
    "identity_provider_disabled",
    "identity_provider_deleted",
    "tenant_not_served",
)


async def signed_in(authentication: Authentication, person: Person) -> SessionTokens:
    return await authentication.sessions.begin(
        tenant_id=person.placement.tenant_id,
        member_id=person.member_id,
        identity_provider_id=person.provider_id,
        authenticated_at=1,
    )


async def end(why: str, person: Person, database: Database) -> None:
    if why == "tenant_not_served":
        await set_tenant_status(database, person.placement.slug, TenantStatus.SUSPENDED)
    elif why == "identity_provider_disabled":
        await IdentityProvider.filter(id=person.provider_id).update(enabled=False)
    elif why == "identity_provider_deleted":
        await IdentityProvider.filter(id=person.provider_id).delete()
    else:
        async with tenant_scope(person.placement, authorization_version=None):
            member = Member.filter(id=person.member_id)
            if why == "member_inactive":
                await member.update(active=False)
            elif why == "member_deleted":
                await member.delete()
            else:
                await member.update(subject="somebody else")


async def is_refused(authentication: Authentication, token: str) -> bool:
    try:
        await authentication.authenticator.viewer(token)
    except UnauthenticatedError:
        return True
    return False


async def until_refused(authentication: Authentication, token: str) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while not await is_refused(authentication, token):  # noqa: ASYNC110 - a caller asks, and nobody tells it
            await asyncio.sleep(0.02)


@pytest.fixture
async def other_process(settings: Settings, database: Database) -> AsyncIterator[Authentication]:
    """Everything that a second process has of its own: caches, keys, and what it heard."""
    async with open_authentication(settings, database.directory) as opened:
        yield opened


@pytest.fixture
async def hears_nothing(settings: Settings, database: Database) -> AsyncIterator[Authentication]:
    """A process whose connection for notifications is never opened."""
    async with open_authentication(settings, database.directory, notifications=Notifications(database.url)) as opened:
        yield opened


async def test_j9_the_access_token_of_an_ended_session_is_refused_in_every_process(
    authentication: Authentication, other_process: Authentication, owner: Person
) -> None:
    ended, kept = await signed_in(authentication, owner), await signed_in(authentication, owner)
    for process in (authentication, other_process):
        assert not await is_refused(process, ended.access_token)
    await authentication.sessions.end(ended.refresh_token, "signed_out")
    for process in (authentication, other_process):
        await until_refused(process, ended.access_token)
        assert not await is_refused(process, kept.access_token), "another session of the same member goes on"


async def test_j9_an_ended_session_is_found_by_looking_where_nothing_is_heard(
    authentication: Authentication, hears_nothing: Authentication, owner: Person
) -> None:
    ended, kept = await signed_in(authentication, owner), await signed_in(authentication, owner)
    assert not await is_refused(hears_nothing, ended.access_token)
    await authentication.sessions.end(ended.refresh_token, "signed_out")
    await until_refused(hears_nothing, ended.access_token)
    assert not await is_refused(hears_nothing, kept.access_token)


async def test_j9_an_ended_session_is_refused_after_the_listening_connection_was_killed(
    authentication: Authentication, owner: Person, database: Database
) -> None:
    ended = await signed_in(authentication, owner)
    connection = await asyncpg.connect(database.url)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = $1 AND datname = current_database()",
        APPLICATION_NAME,
    )
    await connection.close()
    await authentication.sessions.end(ended.refresh_token, "signed_out")
    await until_refused(authentication, ended.access_token)


@pytest.mark.parametrize("why", ENDS)
async def test_j9_what_a_session_rests_on_takes_it_along(
    authentication: Authentication, owner: Person, database: Database, why: str
) -> None:
    async with tenant_scope(owner.placement, authorization_version=None):
        await Member.filter(id=owner.member_id).update(subject="owner", identity_provider_id=owner.provider_id)
    tokens = await signed_in(authentication, owner)
    assert not await is_refused(authentication, tokens.access_token)
    try:
        await end(why, owner, database)
        session = await Session.get(id=tokens.subject.session_id)
        assert session.revoked_at is not None
        assert session.revoked_reason == why
        await until_refused(authentication, tokens.access_token)
        with pytest.raises(UnauthenticatedError):
            await authentication.sessions.refresh(tokens.refresh_token)
    finally:
        await set_tenant_status(database, owner.placement.slug, TenantStatus.ACTIVE)


async def status(process: Authentication, bearer: str) -> int:
    """What a process answers whoever shows a token."""
    transport = httpx2.ASGITransport(gateway(process))
    async with httpx2.AsyncClient(transport=transport, base_url=process.settings.public_url) as http:
        return (await http.get("/auth/session", headers={"Authorization": f"Bearer {bearer}"})).status_code


async def until_401(process: Authentication, bearer: str) -> None:
    async with asyncio.timeout(WITHIN_SECONDS):
        while await status(process, bearer) != 401:  # noqa: ASYNC110 - a caller asks, and nobody tells it
            await asyncio.sleep(0.02)


@pytest.fixture(params=["hears", "hears nothing"])
def elsewhere(
    request: pytest.FixtureRequest, other_process: Authentication, hears_nothing: Authentication
) -> Authentication:
    return other_process if request.param == "hears" else hears_nothing


async def test_j9_a_disabled_clients_token_gets_401_from_another_process(
    authentication: Authentication, elsewhere: Authentication, owner: Person
) -> None:
    transport = httpx2.ASGITransport(gateway(authentication))
    issuer = authentication.settings.public_url
    async with httpx2.AsyncClient(transport=transport, base_url=issuer) as http:
        partner, other = await new_partner(owner, http, issuer), await new_partner(owner, http, issuer)
        ended, kept = [(await each.by_secret()).json()["access_token"] for each in (partner, other)]
    assert [await status(elsewhere, each) for each in (ended, kept)] == [200, 200]
    async with tenant_scope(owner.placement, authorization_version=None):
        await set_enabled(owner.placement.tenant_id, partner.id, NOBODY, enabled=False)
    await until_401(elsewhere, ended)
    assert await status(elsewhere, kept) == 200, "another client's goes on"
    async with tenant_scope(owner.placement, authorization_version=None):
        await set_enabled(owner.placement.tenant_id, partner.id, NOBODY, enabled=True)
        await RoleAssignment.all().delete()
    assert await status(elsewhere, ended) == 401, "switched on again, but not for what was revoked"


async def test_j9_a_revoked_personal_access_token_gets_401_from_another_process(
    authentication: Authentication, elsewhere: Authentication, owner: Person
) -> None:
    viewer = await authentication.authenticator.viewer((await signed_in(authentication, owner)).access_token)
    ended, kept = [await create_token(viewer, name, None, days=1) for name in ("ended", "kept")]
    assert [await status(elsewhere, each.text) for each in (ended, kept)] == [200, 200]
    assert await revoke(viewer, ended.row.id)
    await until_401(elsewhere, ended.text)
    assert await status(elsewhere, kept.text) == 200, "another token of the same member goes on"


async def test_j9_a_process_that_starts_knows_what_ended_before(
    authentication: Authentication, owner: Person, settings: Settings, database: Database
) -> None:
    tokens = await signed_in(authentication, owner)
    await authentication.sessions.end(tokens.refresh_token, "signed_out")
    async with open_authentication(settings, database.directory) as started:
        assert await is_refused(started, tokens.access_token)


async def test_j9_whoever_waits_for_the_end_of_a_session_is_told_once(
    authentication: Authentication, owner: Person
) -> None:
    tokens, other = await signed_in(authentication, owner), await signed_in(authentication, owner)
    told: list[str] = []
    heard = asyncio.Event()
    revocations = authentication.revocations
    revocations.on_revoked(tokens.subject.session_id, lambda: told.append("first"))
    take_back = revocations.on_revoked(tokens.subject.session_id, lambda: told.append("taken back"))
    revocations.on_revoked(other.subject.session_id, lambda: told.append("other"))
    revocations.on_revoked(tokens.subject.session_id, heard.set)
    take_back()
    await authentication.sessions.end(tokens.refresh_token, "signed_out")
    await asyncio.wait_for(heard.wait(), WITHIN_SECONDS)
    assert told == ["first"]
    revocations.on_revoked(tokens.subject.session_id, lambda: told.append("late"))
    assert told == ["first", "late"]


async def test_a_payload_that_is_no_identifier_ends_nothing(database: Database) -> None:
    revocations = Revocations(Notifications(database.url))
    for payload in ("", "x", "0" * 5_000, "*"):
        revocations._heard(payload)  # noqa: SLF001 - what PostgreSQL would call
    assert not revocations.is_revoked(uuid4())
