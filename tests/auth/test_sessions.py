"""Rows J7 to J10, J14 and J15: how a session goes on, and how it ends."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg
import pytest
from tortoise import connections

from auth.sessions.access_token import verify
from auth.sessions.refresh_token import first_token, next_token, recognised_token
from auth.sessions.rotation import GRACE_SECONDS
from auth.sessions.session import REMEMBERED, SessionExistsError
from auth.unauthenticated import UnauthenticatedError
from models.shared import IdentityProvider, Session, Tenant, TenantStatus
from models.tenant import Member
from tenancy.provisioning import set_tenant_status
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sessions.session import Sessions, SessionTokens
    from auth.sessions.signing_keys import SigningKeys
    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person


_WAITING: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%fieldgate.session SET%'
"""


async def signed_in(
    sessions: Sessions, person: Person, session_id: UUID | None = None, ends_at: datetime | None = None
) -> SessionTokens:
    return await sessions.begin(
        tenant_id=person.placement.tenant_id,
        member_id=person.member_id,
        identity_provider_id=person.provider_id,
        authenticated_at=1_700_000_000,
        session_id=session_id,
        ends_at=ends_at,
    )


async def goes_on(sessions: Sessions, token: str) -> bool:
    try:
        await sessions.refresh(token)
    except UnauthenticatedError:
        return False
    return True


async def let_pass(session_id: UUID, time: timedelta) -> None:
    """Make a session older by ``time``."""
    row = await Session.get(id=session_id)
    await Session.filter(id=session_id).update(
        rotated_at=row.rotated_at and row.rotated_at - time,
        last_used_at=row.last_used_at - time,
        idle_expires_at=row.idle_expires_at - time,
        expires_at=row.expires_at - time,
    )


async def test_a_session_goes_on_with_each_new_token(
    settings: Settings, sessions: Sessions, keys: SigningKeys, owner: Person
) -> None:
    tokens = await signed_in(sessions, owner)
    seen = {tokens.refresh_token}
    for _ in range(4):
        tokens = await sessions.refresh(tokens.refresh_token)
        seen.add(tokens.refresh_token)
    assert len(seen) == 5
    key = (await keys.signer()).private
    subject = verify(settings, tokens.access_token, key).subject
    assert (subject.member_id, subject.tenant_id) == (owner.member_id, owner.placement.tenant_id)
    assert subject.authenticated_at == 1_700_000_000


async def test_j7_a_refresh_token_used_twice_ends_the_session_for_both(sessions: Sessions, owner: Person) -> None:
    stolen = await signed_in(sessions, owner)
    renewed = await sessions.refresh(stolen.refresh_token)
    await let_pass(stolen.subject.session_id, timedelta(seconds=GRACE_SECONDS + 1))

    assert not await goes_on(sessions, stolen.refresh_token)
    assert not await goes_on(sessions, renewed.refresh_token)
    row = await Session.get(id=stolen.subject.session_id)
    assert row.revoked_reason == "refresh_token_reused"


@pytest.mark.parametrize("generations", [2, 5])
async def test_j7_a_token_of_any_age_ends_the_session_even_within_the_grace(
    sessions: Sessions, owner: Person, generations: int
) -> None:
    stolen = tokens = await signed_in(sessions, owner)
    for _ in range(generations):
        tokens = await sessions.refresh(tokens.refresh_token)
    assert not await goes_on(sessions, stolen.refresh_token)
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_j7_other_sessions_of_the_member_go_on(sessions: Sessions, owner: Person) -> None:
    stolen, other = await signed_in(sessions, owner), await signed_in(sessions, owner)
    await sessions.refresh(stolen.refresh_token)
    await let_pass(stolen.subject.session_id, timedelta(seconds=GRACE_SECONDS + 1))
    assert not await goes_on(sessions, stolen.refresh_token)
    assert await goes_on(sessions, other.refresh_token)


async def test_j8_of_simultaneous_uses_one_replaces_the_token_and_all_get_its_answer(
    sessions: Sessions, owner: Person
) -> None:
    for _ in range(5):
        tokens = await signed_in(sessions, owner)
        answers = await asyncio.gather(*(sessions.refresh(tokens.refresh_token) for _ in range(12)))
        successors = {answer.refresh_token for answer in answers}
        assert len(successors) == 1
        row = await Session.get(id=tokens.subject.session_id)
        # Replaced once, not twelve times: the token shown is the one just before the present one.
        assert bytes(row.refresh_token_hash) == hashlib.sha256(successors.pop().encode()).digest()
        assert row.previous_refresh_token_hash is not None
        assert bytes(row.previous_refresh_token_hash) == hashlib.sha256(tokens.refresh_token.encode()).digest()
        assert row.revoked_at is None


async def test_j8_two_uses_that_wait_for_the_same_row_have_one_winner(
    settings: Settings, sessions: Sessions, owner: Person
) -> None:
    """Both statements are known to be under way at once: a third party holds the row until both wait for it."""
    tokens = await signed_in(sessions, owner)
    assert settings.database_url is not None
    url = settings.database_url.get_secret_value()
    holder, watcher = await asyncpg.connect(url), await asyncpg.connect(url)
    try:
        transaction = holder.transaction()
        await transaction.start()
        await holder.execute("SELECT FROM fieldgate.session WHERE id = $1 FOR UPDATE", tokens.subject.session_id)
        uses = [asyncio.create_task(sessions.refresh(tokens.refresh_token)) for _ in range(2)]
        while await watcher.fetchval(_WAITING) < 2:  # noqa: ASYNC110 # PostgreSQL sets no event when a lock is waited for
            await asyncio.sleep(0.01)
        await transaction.commit()
    finally:
        await holder.close()
        await watcher.close()
    first, second = await asyncio.gather(*uses)
    assert first.refresh_token == second.refresh_token
    assert await goes_on(sessions, first.refresh_token)


async def test_j8_a_lost_answer_can_be_asked_for_again_for_a_moment(sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    lost = await sessions.refresh(tokens.refresh_token)
    await let_pass(tokens.subject.session_id, timedelta(seconds=GRACE_SECONDS - 5))
    again = await sessions.refresh(tokens.refresh_token)
    assert again.refresh_token == lost.refresh_token
    assert await goes_on(sessions, again.refresh_token)


async def test_j8_no_grace_once_the_successor_was_used(sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    successor = await sessions.refresh(tokens.refresh_token)
    await sessions.refresh(successor.refresh_token)
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_j9_no_refresh_after_signing_out(sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    await sessions.end(tokens.refresh_token, "signed_out")
    assert not await goes_on(sessions, tokens.refresh_token)
    assert (await Session.get(id=tokens.subject.session_id)).revoked_reason == "signed_out"


async def test_j9_no_refresh_for_a_member_who_was_deactivated(sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    assert await goes_on(sessions, tokens.refresh_token)
    tokens = await signed_in(sessions, owner)
    async with tenant_scope(owner.placement, authorization_version=None):
        await Member.filter(id=owner.member_id).update(active=False)
    assert not await goes_on(sessions, tokens.refresh_token)
    async with tenant_scope(owner.placement, authorization_version=None):
        await Member.filter(id=owner.member_id).update(active=True)
    assert not await goes_on(sessions, tokens.refresh_token), "coming back needs a new sign-in"


async def test_j9_no_session_begins_while_its_identity_provider_is_being_switched_off(
    sessions: Sessions, owner: Person, empty_database_url: str
) -> None:
    administrator = await asyncpg.connect(empty_database_url)
    try:
        switching = administrator.transaction()
        await switching.start()
        await administrator.execute(
            "UPDATE fieldgate.identity_provider SET enabled = false WHERE id = $1", owner.provider_id
        )
        beginning = asyncio.create_task(signed_in(sessions, owner))
        done, _ = await asyncio.wait({beginning}, timeout=0.3)
        assert not done
        await switching.commit()
        with pytest.raises(UnauthenticatedError):
            await beginning
    finally:
        await administrator.close()
    assert not await Session.filter(member_id=owner.member_id, revoked_at=None).exists()


async def test_j9_no_refresh_for_a_member_who_is_gone(sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    async with tenant_scope(owner.placement, authorization_version=None):
        await Member.filter(id=owner.member_id).delete()
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_j9_no_refresh_once_the_tenant_was_suspended(
    sessions: Sessions, owner: Person, database: Database
) -> None:
    tokens = await signed_in(sessions, owner)
    await set_tenant_status(database, owner.placement.slug, TenantStatus.SUSPENDED)
    try:
        assert not await goes_on(sessions, tokens.refresh_token)
    finally:
        await set_tenant_status(database, owner.placement.slug, TenantStatus.ACTIVE)
    assert not await goes_on(sessions, tokens.refresh_token), "coming back needs a new sign-in"


async def test_j9_no_refresh_when_the_identity_provider_is_switched_off_or_gone(
    sessions: Sessions, owner: Person
) -> None:
    tokens = await signed_in(sessions, owner)
    await IdentityProvider.filter(id=owner.provider_id).update(enabled=False)
    assert not await goes_on(sessions, tokens.refresh_token)
    await IdentityProvider.filter(id=owner.provider_id).delete()
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_a_session_that_idled_too_long_is_over(settings: Settings, sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    await let_pass(tokens.subject.session_id, timedelta(seconds=settings.session_idle_seconds - 60))
    tokens = await sessions.refresh(tokens.refresh_token)
    await let_pass(tokens.subject.session_id, timedelta(seconds=settings.session_idle_seconds + 1))
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_a_session_ends_at_its_age_however_busy_it_is(
    settings: Settings, sessions: Sessions, owner: Person
) -> None:
    tokens = await signed_in(sessions, owner)
    passed = 0
    step = settings.session_idle_seconds - 60
    while passed + step < settings.session_absolute_seconds:
        await let_pass(tokens.subject.session_id, timedelta(seconds=step))
        passed += step
        tokens = await sessions.refresh(tokens.refresh_token)
    assert tokens.refresh_seconds <= settings.session_absolute_seconds - passed
    await let_pass(tokens.subject.session_id, timedelta(seconds=settings.session_absolute_seconds - passed + 1))
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_what_is_long_over_is_forgotten_with_the_next_sign_in(sessions: Sessions, owner: Person) -> None:
    old, recent = await signed_in(sessions, owner), await signed_in(sessions, owner)
    await let_pass(old.subject.session_id, REMEMBERED + timedelta(days=8))
    await let_pass(recent.subject.session_id, timedelta(days=8))
    new = await signed_in(sessions, owner)
    kept = {session.id for session in await Session.filter(member_id=owner.member_id)}
    assert kept == {recent.subject.session_id, new.subject.session_id}


async def test_no_later_idle_time_outlives_the_age(sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    row = await Session.get(id=tokens.subject.session_id)
    await Session.filter(id=row.id).update(expires_at=row.created_at - timedelta(seconds=1))
    assert not await goes_on(sessions, tokens.refresh_token)


async def test_j10_the_tenant_of_a_refreshed_token_is_that_of_the_session(
    settings: Settings, sessions: Sessions, keys: SigningKeys, owner: Person
) -> None:
    tokens = await sessions.refresh((await signed_in(sessions, owner)).refresh_token)
    token = verify(settings, tokens.access_token, (await keys.signer()).private)
    assert token.subject.tenant_id == owner.placement.tenant_id


async def test_j14_a_stolen_database_holds_no_token(sessions: Sessions, owner: Person) -> None:
    first = await signed_in(sessions, owner)
    second = await sessions.refresh(first.refresh_token)
    rows = await connections.get("shared").execute_query_dict(
        "SELECT * FROM fieldgate.session WHERE id = $1", [first.subject.session_id]
    )
    dump = repr([{name: bytes(v).hex() if isinstance(v, bytes) else v for name, v in row.items()} for row in rows])
    for tokens in (first, second):
        assert hashlib.sha256(tokens.refresh_token.encode()).hexdigest() in dump
        assert tokens.refresh_token not in dump
        assert tokens.refresh_token.encode().hex() not in dump
        assert tokens.access_token not in dump
    for stored in (rows[0]["refresh_token_hash"], rows[0]["previous_refresh_token_hash"]):
        assert not await goes_on(sessions, bytes(stored).hex())


async def test_j15_every_kind_of_bad_token_gets_the_same_answer_and_an_invented_one_ends_nothing(
    settings: Settings, sessions: Sessions, owner: Person
) -> None:
    live, ended = await signed_in(sessions, owner), await signed_in(sessions, owner)
    await sessions.end(ended.refresh_token, "signed_out")
    tampered = live.refresh_token[:40] + ("A" if live.refresh_token[40] != "A" else "B") + live.refresh_token[41:]
    never_a_session = first_token(settings, uuid4()).text
    for text in ("", "x", "A" * 86, "é" * 86, tampered, live.refresh_token + "A", never_a_session, ended.refresh_token):
        with pytest.raises(UnauthenticatedError):
            await sessions.refresh(text)
        await sessions.end(text, "signed_out")
    assert await goes_on(sessions, live.refresh_token)


async def test_j15_a_token_is_recognised_by_its_tag_alone(settings: Settings) -> None:
    token = first_token(settings, uuid4())
    assert recognised_token(settings, token.text) == token
    assert recognised_token(settings, next_token(settings, token).text) == next_token(settings, token)
    other = settings.model_copy(update={"key_encryption_key_bytes": bytes(32)})
    assert recognised_token(other, token.text) is None


async def test_o2_a_session_id_is_good_for_one_session(sessions: Sessions, owner: Person) -> None:
    session_id = uuid4()
    outcomes = await asyncio.gather(*(signed_in(sessions, owner, session_id) for _ in range(5)), return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert sum(isinstance(outcome, SessionExistsError) for outcome in outcomes) == 4


async def test_a_token_shows_up_in_no_representation(settings: Settings, sessions: Sessions, owner: Person) -> None:
    tokens = await signed_in(sessions, owner)
    shown = f"{tokens!r} {tokens} {recognised_token(settings, tokens.refresh_token)!r}"
    assert tokens.refresh_token not in shown
    assert tokens.access_token not in shown


# What the settings say unless told otherwise.
EIGHT_HOURS = 8 * 3600


@pytest.mark.parametrize(("idle", "absolute", "lasts"), [(60, 120, 60), (3600, 90, 90), (10**9, None, EIGHT_HOURS)])
async def test_a_tenant_may_want_its_sessions_shorter_and_never_longer(  # noqa: PLR0913 - what it looks at
    settings: Settings,
    sessions: Sessions,
    keys: SigningKeys,
    owner: Person,
    *,
    idle: int,
    absolute: int | None,
    lasts: int,
) -> None:
    tenant = Tenant.filter(id=owner.placement.tenant_id)
    await tenant.update(session_idle_seconds=idle, session_absolute_seconds=absolute)
    try:
        tokens = await signed_in(sessions, owner)
        again = await sessions.refresh(tokens.refresh_token)
    finally:
        await tenant.update(session_idle_seconds=None, session_absolute_seconds=None)
    assert lasts - 10 <= tokens.refresh_seconds <= lasts
    assert lasts - 10 <= again.refresh_seconds <= lasts
    # No token of the session's outlives the session, whatever a server that has not heard of its end would believe.
    for each in (tokens, again):
        token = verify(settings, each.access_token, (await keys.signer()).private)
        row = await Session.get(id=each.subject.session_id)
        assert token.expires_at <= row.idle_expires_at.timestamp() <= row.expires_at.timestamp()
        # In whole seconds, and one may end between the session's beginning and the token's.
        left = min(each.refresh_seconds, settings.access_token_seconds)
        assert token.expires_at - token.issued_at == each.access_seconds == left


async def test_no_access_token_outlives_the_end_that_the_provider_has_named(
    settings: Settings, sessions: Sessions, keys: SigningKeys, owner: Person
) -> None:
    ends_at = datetime.now(UTC) + timedelta(seconds=45)
    tokens = await signed_in(sessions, owner, ends_at=ends_at)
    token = verify(settings, tokens.access_token, (await keys.signer()).private)
    assert ends_at.timestamp() - 5 < token.expires_at <= ends_at.timestamp()
    assert 40 <= tokens.access_seconds <= 45


async def test_a_session_that_is_over_as_it_begins_has_no_token(sessions: Sessions, owner: Person) -> None:
    with pytest.raises(UnauthenticatedError, match="over"):
        await signed_in(sessions, owner, ends_at=datetime.now(UTC))


async def test_the_last_token_of_a_session_ends_with_it(
    settings: Settings, sessions: Sessions, keys: SigningKeys, owner: Person
) -> None:
    tokens = await signed_in(sessions, owner)
    row = await Session.get(id=tokens.subject.session_id)
    ends_at = datetime.now(UTC) + timedelta(seconds=30)
    await Session.filter(id=row.id).update(expires_at=ends_at)
    tokens = await sessions.refresh(tokens.refresh_token)
    token = verify(settings, tokens.access_token, (await keys.signer()).private)
    assert token.expires_at <= ends_at.timestamp()
    assert tokens.access_seconds <= 30
