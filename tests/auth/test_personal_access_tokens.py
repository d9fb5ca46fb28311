"""Personal access tokens: within their scope, for their time, at our own endpoint, and dead when revoked."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from auth.acting import ActingKind
from auth.authentication import REMEMBERED_SECONDS as CALLER_SECONDS
from auth.authentication import token_name
from auth.permissions import Permission
from auth.personal_access_tokens import REMEMBERED_SECONDS, create, own_tokens, revoke
from auth.scannable_secret import PERSONAL_ACCESS_TOKEN, digest, new_secret
from auth.unauthenticated import UnauthenticatedError
from models.shared import PersonalAccessToken
from models.tenant import Member, Role, RoleAssignment
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from auth.opening import Authentication
    from auth.viewer import Viewer
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person


@pytest.fixture
async def developer(browser: Browser, member: Person) -> AsyncIterator[Viewer]:
    """An analyst who is signed in."""
    async with tenant_scope(member.placement, authorization_version=None):
        role = await Role.get(key="analyst")
        await RoleAssignment.create(member_id=member.member_id, role_id=role.id)
    await browser.sign_in()
    yield await browser.authentication.authenticator.viewer(browser.cookies["fieldgate-access"])
    await PersonalAccessToken.filter(tenant_id=member.placement.tenant_id).delete()
    async with tenant_scope(member.placement, authorization_version=None):
        await RoleAssignment.all().delete()


def later(authentication: Authentication) -> None:
    """As if as long had passed as anything is remembered for."""
    authentication.authenticator._callers.clear()  # noqa: SLF001 # see above
    authentication.authenticator._personal._remembered = NothingRemembered()  # type: ignore[assignment]  # noqa: SLF001 # see above


class NothingRemembered:
    async def get(self, _name: str) -> None:
        return None

    async def set(self, _name: str, _value: object, *, seconds: float) -> None:
        assert seconds == REMEMBERED_SECONDS < 5


async def test_a_token_is_its_member_within_its_scope(developer: Viewer, authentication: Authentication) -> None:
    scope = frozenset({Permission.COMPANY_READ, Permission.COMPANY_READ_TAX})
    made = await create(developer, "A script", scope, days=30)
    viewer = await authentication.authenticator.viewer(made.text)
    assert (viewer.member_id, viewer.tenant) == (developer.member_id, developer.tenant)
    assert viewer.acting is not None
    assert viewer.acting.kind is ActingKind.PERSONAL
    assert viewer.grants.everywhere == {Permission.COMPANY_READ}, "an analyst reads no tax ids, whatever a scope says"
    assert (await PersonalAccessToken.get(id=made.row.id)).last_used_at is not None
    whole = await create(developer, "Another", None, days=1)
    assert (await authentication.authenticator.viewer(whole.text)).grants == developer.grants


async def test_what_is_taken_from_the_member_is_taken_from_the_token(
    developer: Viewer, authentication: Authentication
) -> None:
    made = await create(developer, "A script", None, days=30)
    assert (await authentication.authenticator.viewer(made.text)).may(Permission.COMPANY_READ, None)
    async with tenant_scope(developer.tenant, authorization_version=None):
        await RoleAssignment.filter(member_id=developer.member_id).delete()
    viewer = await authentication.authenticator.viewer(made.text)
    renewed = await authentication.authenticator.renewed(viewer)
    assert not renewed.may(Permission.COMPANY_READ, None)
    async with tenant_scope(developer.tenant, authorization_version=None):
        await Member.filter(id=developer.member_id).update(active=False)
    with pytest.raises(UnauthenticatedError):
        await authentication.authenticator.renewed(renewed)


async def test_j9_a_revoked_or_expired_token_is_refused(developer: Viewer, authentication: Authentication) -> None:
    revoked, expired = await create(developer, "1", None, days=30), await create(developer, "2", None, days=30)
    for made in (revoked, expired):
        await authentication.authenticator.viewer(made.text)
    assert await revoke(developer, revoked.row.id)
    assert not await revoke(developer, revoked.row.id)
    await PersonalAccessToken.filter(id=expired.row.id).update(expires_at=datetime.now(UTC) - timedelta(seconds=1))
    assert await own_tokens(developer) == []
    later(authentication)
    for made in (revoked, expired):
        with pytest.raises(UnauthenticatedError):
            await authentication.authenticator.viewer(made.text)


async def test_j9_a_token_is_looked_up_again_whatever_else_is_remembered_of_its_caller(
    developer: Viewer, authentication: Authentication, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await create(developer, "1", None, days=30)
    authenticator = authentication.authenticator
    assert authenticator.remembered(token_name(made.text)) is None
    await authenticator.viewer(made.text)
    assert authenticator.remembered(token_name(made.text)) is not None
    now = time.monotonic()
    monkeypatch.setattr("auth.authentication.time.monotonic", lambda: now + CALLER_SECONDS)
    assert authenticator.remembered(token_name(made.text)) is None


async def test_nobody_revokes_or_lists_anothers(developer: Viewer, authentication: Authentication) -> None:
    made = await create(developer, "1", None, days=30)
    async with tenant_scope(developer.tenant, authorization_version=None):
        row = await Member.get(id=developer.member_id)
        colleague = await Member.create(email="x@acme.example", full_name="X", org_unit_id=row.org_unit_id)
    other = replace(developer, member_id=colleague.id)
    assert not await revoke(other, made.row.id)
    assert await own_tokens(other) == []
    assert [row.id for row in await own_tokens(developer)] == [made.row.id]
    assert (await authentication.authenticator.viewer(made.text)).member_id == developer.member_id


async def test_j3_a_token_is_good_at_our_own_endpoint_only(developer: Viewer, browser: Browser) -> None:
    text = (await create(developer, "1", None, days=30)).text
    browser.client.cookies.clear()
    bearer = {"Authorization": f"Bearer {text}"}
    assert (await browser.get("/auth/session", **bearer)).status_code == 200
    for parameters in (
        {"grant_type": "refresh_token", "refresh_token": text},
        {"grant_type": "client_credentials"},
    ):
        answer = await browser.client.post("/auth/token", data=parameters, headers=bearer)
        assert answer.status_code in {400, 401}
    assert (await browser.client.post("/auth/introspect", data={"token": text}, headers=bearer)).status_code == 401
    assert (await browser.client.post("/auth/revoke", data={"token": text})).status_code == 200
    assert (await browser.get("/auth/session", **bearer)).status_code == 200


async def test_j14_the_text_is_stored_nowhere(developer: Viewer) -> None:
    made = await create(developer, "1", None, days=30)
    (row,) = await PersonalAccessToken.filter(id=made.row.id).values()
    assert bytes(row["digest"]) == digest(made.text)
    assert made.text not in repr(row)


async def test_an_invented_token_is_refused_and_one_that_cannot_be_ours_asks_nobody(
    authentication: Authentication, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(UnauthenticatedError):
        await authentication.authenticator.viewer(new_secret(PERSONAL_ACCESS_TOKEN))

    def refuse(*_: object) -> None:
        pytest.fail("a database was asked")

    monkeypatch.setattr("auth.personal_access_tokens._find", refuse)
    good = new_secret(PERSONAL_ACCESS_TOKEN)
    changed = good[:20] + ("A" if good[20] != "A" else "B") + good[21:]
    for text in (PERSONAL_ACCESS_TOKEN, changed, good[:-1], good + "0", good.upper(), good[:-6] + "000000"):
        with pytest.raises(UnauthenticatedError):
            await authentication.authenticator.viewer(text)
