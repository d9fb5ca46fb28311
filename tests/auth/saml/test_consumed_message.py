"""A response counts once: whatever is played back, in whichever order, and at how many workers at the same time."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg
import pytest

from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.consumed_message import consume
from auth.sso.saml.response import verified_assertion
from models.shared import ConsumedMessage, ConsumedMessageKind
from tests.auth.conftest import add_provider
from tests.auth.saml.provider_double import CASES, NOW, text

if TYPE_CHECKING:
    from uuid import UUID

    from auth.sso.saml.assertion import VerifiedAssertion
    from tenancy.placement import TenantPlacement

AT_ONCE: Final = 12
WAITING_SECONDS: Final = 0.3
ENOUGH_SECONDS: Final = 10
INSERT: Final = """
INSERT INTO fieldgate.consumed_message
    (id, created_at, updated_at, identity_provider_id, kind, digest, expires_at)
VALUES ($1, now(), now(), $2, 'assertion', $3, now() + interval '1 hour')
"""


@pytest.fixture
async def provider_id(acme: TenantPlacement) -> UUID:
    provider = await add_provider(acme)
    return provider.id


def believed() -> VerifiedAssertion:
    """An assertion that has just been verified, with a request of its own."""
    assertion = verified_assertion(text(CASES[1].message()), CASES[1].expectation(), NOW)
    return replace(assertion, request_id=f"_{uuid4().hex}")


async def is_refused(provider_id: UUID, assertion: VerifiedAssertion) -> bool:
    try:
        await consume(provider_id, assertion, NOW)
    except SignInRefusedError as refused:
        return refused.reason is Refusal.SAML_REPLAYED
    return False


async def test_s22_the_same_response_twice(provider_id: UUID) -> None:
    assertion = believed()
    assert not await is_refused(provider_id, assertion)
    assert await is_refused(provider_id, assertion)


async def test_s22_the_same_assertion_in_answer_to_another_request_or_to_none(provider_id: UUID) -> None:
    assertion = believed()
    assert not await is_refused(provider_id, assertion)
    assert await is_refused(provider_id, replace(assertion, request_id="_another"))
    assert await is_refused(provider_id, replace(assertion, request_id=None))


async def test_s22_another_assertion_in_answer_to_the_same_request(provider_id: UUID) -> None:
    assertion = believed()
    assert not await is_refused(provider_id, assertion)
    assert await is_refused(provider_id, replace(assertion, id="_another"))


async def test_s22_an_unsolicited_assertion_twice(provider_id: UUID) -> None:
    assertion = replace(believed(), request_id=None)
    assert not await is_refused(provider_id, assertion)
    assert await is_refused(provider_id, assertion)


async def test_s22_a_refused_response_uses_up_nothing(provider_id: UUID) -> None:
    first, second = believed(), believed()
    assert not await is_refused(provider_id, first)
    assert await is_refused(provider_id, replace(second, id=first.id))
    assert not await is_refused(provider_id, second)


async def test_s22_names_of_one_provider_mean_nothing_at_another(provider_id: UUID, acme: TenantPlacement) -> None:
    other = await add_provider(acme)
    assertion = believed()
    assert not await is_refused(provider_id, assertion)
    assert not await is_refused(other.id, assertion)


async def test_s22_many_at_the_same_time_succeed_once(provider_id: UUID) -> None:
    assertion = believed()
    refused = await asyncio.gather(*(is_refused(provider_id, assertion) for _ in range(AT_ONCE)))
    assert sorted(refused) == [False] + [True] * (AT_ONCE - 1)


@pytest.mark.parametrize("first_succeeds", [True, False])
async def test_s22_the_second_waits_for_what_becomes_of_the_first_on_another_connection(
    provider_id: UUID, empty_database_url: str, *, first_succeeds: bool
) -> None:
    assertion = believed()
    connection = await asyncpg.connect(empty_database_url)
    try:
        first = connection.transaction()
        await first.start()
        await connection.execute(INSERT, uuid4(), provider_id, hashlib.sha256(assertion.id.encode()).digest())
        second = asyncio.create_task(is_refused(provider_id, assertion))
        done, _ = await asyncio.wait({second}, timeout=WAITING_SECONDS)
        assert not done
        await (first.commit() if first_succeeds else first.rollback())
        async with asyncio.timeout(ENOUGH_SECONDS):
            assert await second is first_succeeds
    finally:
        await connection.close()


async def test_s22_a_removed_connection_takes_no_response(provider_id: UUID) -> None:
    del provider_id  # others are there
    assert await is_refused(uuid4(), believed())


async def test_s22_what_is_too_old_to_be_taken_is_forgotten_and_nothing_else(provider_id: UUID) -> None:
    old, live = believed(), believed()
    await consume(provider_id, old, NOW)
    await consume(provider_id, replace(live, memorable_until=NOW + timedelta(hours=2)), NOW)
    await consume(provider_id, believed(), old.memorable_until + timedelta(seconds=1))
    kept = await ConsumedMessage.filter(identity_provider_id=provider_id, kind=ConsumedMessageKind.ASSERTION)
    digests = {each.digest for each in kept}
    assert hashlib.sha256(old.id.encode()).digest() not in digests
    assert hashlib.sha256(live.id.encode()).digest() in digests


async def test_s22_a_request_is_remembered_while_a_browser_may_bring_it_back(provider_id: UUID) -> None:
    """A provider whose assertions are old already must not make the request good for a second one."""
    assertion = replace(believed(), memorable_until=NOW + timedelta(seconds=1))
    await consume(provider_id, assertion, NOW)
    end = NOW + timedelta(seconds=ATTEMPT_SECONDS)
    await consume(provider_id, believed(), end)
    with pytest.raises(SignInRefusedError):
        await consume(provider_id, replace(believed(), request_id=assertion.request_id), end)


async def test_s22_neither_id_is_kept_as_it_came(provider_id: UUID) -> None:
    assertion = believed()
    await consume(provider_id, assertion, NOW)
    kept = await ConsumedMessage.filter(identity_provider_id=provider_id).order_by("kind")
    assert [each.kind for each in kept] == [ConsumedMessageKind.ASSERTION, ConsumedMessageKind.REQUEST]
    assert all(len(each.digest) == hashlib.sha256().digest_size for each in kept)
