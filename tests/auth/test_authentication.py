"""From token to viewer: what is remembered, and what is noticed all the same."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest
from pydantic import SecretStr

from auth import authentication
from auth.authentication import REMEMBERED_SECONDS, Authenticator, UnauthenticatedError, token_name
from auth.grants import Grants
from auth.opening import open_authentication
from auth.permissions import Permission
from auth.personal_access_tokens import PersonalAccessTokens
from auth.sessions.access_token import Subject, issue
from auth.sessions.revocation import Revocations
from cache import Codec, open_cache, open_local_cache
from models.shared import SigningKey, TenantStatus
from models.tenant import Member, Role, RoleAssignment
from tenancy.notifications import Notifications
from tenancy.provisioning import set_tenant_status
from tenancy.scope import StaleAuthorizationError, tenant_scope
from tests.auth.tokens import SESSION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.sessions.access_token import AccessToken
    from auth.sessions.signing_keys import SigningKeys
    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person


GRANTS_CODEC = Codec(Grants.to_json, Grants.from_json)


class Gate(NamedTuple):
    authenticator: Authenticator
    token: str


def new_authenticator(settings: Settings, keys: SigningKeys, database: Database) -> Authenticator:
    return Authenticator(
        settings,
        keys,
        database.directory,
        verified=open_local_cache(namespace="verified", capacity=10),
        grants=open_cache(settings, namespace="grants", capacity=10, codec=GRANTS_CODEC),
        personal=PersonalAccessTokens(open_local_cache(namespace="personal", capacity=10)),
        revocations=Revocations(Notifications(database.url)),
    )


async def token_for(settings: Settings, keys: SigningKeys, person: Person) -> str:
    subject = Subject(person.placement.tenant_id, person.member_id, SESSION, 1)
    return issue(settings, await keys.signer(), subject)


@pytest.fixture
async def gate(settings: Settings, keys: SigningKeys, database: Database, owner: Person) -> AsyncIterator[Gate]:
    async with tenant_scope(owner.placement, authorization_version=None):
        role = await Role.get(key="analyst")
        await RoleAssignment.create(member_id=owner.member_id, role_id=role.id)
    yield Gate(new_authenticator(settings, keys, database), await token_for(settings, keys, owner))
    async with tenant_scope(owner.placement, authorization_version=None):
        await RoleAssignment.all().delete()


async def test_the_viewer_is_the_member_of_the_token_with_their_grants(gate: Gate, owner: Person) -> None:
    viewer = await gate.authenticator.viewer(gate.token)
    assert (viewer.tenant, viewer.member_id, viewer.session_id) == (owner.placement, owner.member_id, SESSION)
    assert viewer.may(Permission.COMPANY_READ, None)
    assert not viewer.may(Permission.COMPANY_READ_TAX, None)


async def test_grants_in_some_units_are_remembered_as_they_are(gate: Gate, owner: Person) -> None:
    async with tenant_scope(owner.placement, authorization_version=None):
        await RoleAssignment.all().update(org_unit_id=owner.org_unit_id)
    first = await gate.authenticator.viewer(gate.token)
    assert first.may(Permission.COMPANY_READ, owner.org_unit_id)
    assert not first.may(Permission.COMPANY_READ, None)
    assert await gate.authenticator.viewer(gate.token) == first


async def test_a_second_request_verifies_nothing_and_reads_nothing(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    first = await gate.authenticator.viewer(gate.token)

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("asked again")

    monkeypatch.setattr(authentication, "verify", refuse)
    monkeypatch.setattr(authentication, "resolve_grants", refuse)
    assert await gate.authenticator.viewer(gate.token) == first


async def test_a_remembered_token_expires_all_the_same(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    token = await gate.authenticator.verified(gate.token)
    monkeypatch.setattr("auth.sessions.access_token.time.time", lambda: token.expires_at - 1)
    await gate.authenticator.viewer(gate.token)
    monkeypatch.setattr("auth.sessions.access_token.time.time", lambda: token.expires_at)
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(gate.token)


async def test_j6_a_withdrawn_key_takes_the_remembered_tokens_along(
    gate: Gate, keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(authentication, "REMEMBERED_SECONDS", 0)
    await gate.authenticator.viewer(gate.token)
    await SigningKey.all().delete()
    keys._loaded_at = -float("inf")  # noqa: SLF001 # half a minute later
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(gate.token)


def later(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = time.monotonic()
    monkeypatch.setattr("auth.authentication.time.monotonic", lambda: now + seconds)


def count_looks(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    looked: list[str] = []
    verified = gate.authenticator.verified

    async def counted(access_token: str) -> AccessToken:
        looked.append(access_token)
        return await verified(access_token)

    monkeypatch.setattr(gate.authenticator, "verified", counted)
    return looked


async def test_a_caller_is_the_same_while_key_tenant_and_grants_are(
    gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = count_looks(gate, monkeypatch)
    first = await gate.authenticator.viewer(gate.token)
    later(monkeypatch, REMEMBERED_SECONDS)
    assert gate.authenticator.remembered(token_name(gate.token)) is first
    assert len(looked) == 1


@pytest.mark.parametrize("what", ["the key", "the tenant", "the place"])
async def test_a_caller_is_looked_at_again_once_something_is_to_be_read_again(
    gate: Gate, keys: SigningKeys, owner: Person, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = count_looks(gate, monkeypatch)
    await gate.authenticator.viewer(gate.token)
    directory = gate.authenticator._directory  # noqa: SLF001 # what it has read is made old here
    if what == "the key":
        keys._loaded_at = -float("inf")  # noqa: SLF001 # half a minute later
    elif what == "the tenant":
        directory.forget(owner.placement)
    else:
        moved = replace(owner.placement, schema_version=owner.placement.schema_version + 1)
        monkeypatch.setattr(directory, "remembered", lambda _id: moved)
    assert gate.authenticator.remembered(token_name(gate.token)) is not None, "for a second it is not asked"
    later(monkeypatch, REMEMBERED_SECONDS)
    assert gate.authenticator.remembered(token_name(gate.token)) is None
    await gate.authenticator.viewer(gate.token)
    assert len(looked) == 2


async def test_a_withdrawn_key_takes_its_callers_along_once_the_ring_is_read(
    gate: Gate, keys: SigningKeys, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gate.authenticator.viewer(gate.token)
    await SigningKey.all().delete()
    keys._loaded_at = -float("inf")  # noqa: SLF001 # half a minute later
    await keys.signer()
    later(monkeypatch, REMEMBERED_SECONDS)
    assert gate.authenticator.remembered(token_name(gate.token)) is None
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(gate.token)


async def test_a_changed_token_is_not_found_among_the_remembered(gate: Gate) -> None:
    await gate.authenticator.viewer(gate.token)
    changed = gate.token[:-1] + ("A" if gate.token[-1] != "A" else "E")
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(changed)


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "A" * 1_000_000])
async def test_what_is_no_token_is_refused(gate: Gate, text: str) -> None:
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(text)


async def test_outdated_grants_are_refused_by_the_transaction_and_renewed(gate: Gate, owner: Person) -> None:
    viewer = await gate.authenticator.viewer(gate.token)
    async with tenant_scope(owner.placement, authorization_version=None):
        await RoleAssignment.all().delete()
    with pytest.raises(StaleAuthorizationError):
        async with tenant_scope(viewer.tenant, authorization_version=viewer.authorization_version):
            await Member.all().count()

    renewed = await gate.authenticator.renewed(viewer)
    assert not renewed.may(Permission.COMPANY_READ, None)
    assert (renewed.tenant, renewed.member_id, renewed.session_id) == (
        viewer.tenant,
        viewer.member_id,
        viewer.session_id,
    )
    async with tenant_scope(renewed.tenant, authorization_version=renewed.authorization_version):
        assert await Member.all().count() == 1
    assert await gate.authenticator.viewer(gate.token) == renewed


async def test_one_renewal_is_enough_for_all_callers_of_a_tenant(
    gate: Gate, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    viewer = await gate.authenticator.viewer(gate.token)
    async with tenant_scope(owner.placement, authorization_version=None):
        await RoleAssignment.all().delete()
    renewed = await gate.authenticator.renewed(viewer)

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("resolved again")

    monkeypatch.setattr(authentication, "resolve_grants", refuse)
    assert await gate.authenticator.renewed(viewer) == renewed


async def test_j9_a_member_who_was_deactivated_is_refused_at_the_next_request(gate: Gate, owner: Person) -> None:
    viewer = await gate.authenticator.viewer(gate.token)
    async with tenant_scope(owner.placement, authorization_version=None):
        await Member.filter(id=owner.member_id).update(active=False)
    with pytest.raises(StaleAuthorizationError):
        async with tenant_scope(viewer.tenant, authorization_version=viewer.authorization_version):
            await Member.all().count()
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.renewed(viewer)
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(gate.token)


async def test_j4_a_token_for_a_tenant_that_is_not_served_is_refused(
    gate: Gate, settings: Settings, keys: SigningKeys, owner: Person, database: Database
) -> None:
    stranger = Subject(uuid4(), owner.member_id, SESSION, 1)
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(issue(settings, await keys.signer(), stranger))
    await set_tenant_status(database, owner.placement.slug, TenantStatus.SUSPENDED)
    try:
        with pytest.raises(UnauthenticatedError):
            await gate.authenticator.viewer(gate.token)
    finally:
        await set_tenant_status(database, owner.placement.slug, TenantStatus.ACTIVE)
    await gate.authenticator.viewer(gate.token)


async def test_j4_a_member_of_one_tenant_is_nobody_in_another(
    gate: Gate, settings: Settings, keys: SigningKeys, owner: Person, globex: TenantPlacement
) -> None:
    token = issue(settings, await keys.signer(), Subject(globex.tenant_id, owner.member_id, SESSION, 1))
    with pytest.raises(UnauthenticatedError):
        await gate.authenticator.viewer(token)


async def test_grants_that_one_process_resolved_are_found_by_another_in_redis(
    settings: Settings, database: Database, keys: SigningKeys, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = os.environ.get("FIELDGATE_REDIS_URL")
    if url is None:
        pytest.skip("FIELDGATE_REDIS_URL is not set")
    shared = settings.model_copy(update={"redis_url": SecretStr(url)})
    token = await token_for(settings, keys, owner)
    async with open_authentication(shared, database.directory) as one:
        first = await one.authenticator.viewer(token)
    async with open_authentication(shared, database.directory) as other:
        # A process learns the version by resolving once, for whomever; after that it knows where to look.
        other.authenticator._versions[owner.placement.tenant_id] = first.authorization_version  # noqa: SLF001 - as said

        def refuse(*_: object, **__: object) -> None:
            pytest.fail("resolved again")

        monkeypatch.setattr(authentication, "resolve_grants", refuse)
        assert await other.authenticator.viewer(token) == first
