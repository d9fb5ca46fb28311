"""Signing out of ours goes on to the provider that one came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.shared import IdentityProvider, Session
from tests.auth.provider_double import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from uuid import UUID

    from tests.auth.browser import Browser
    from tests.auth.conftest import Person


async def live(provider_id: UUID) -> int:
    return await Session.filter(identity_provider_id=provider_id, revoked_at=None).count()


async def test_signing_out_of_ours_goes_on_to_the_provider(browser: Browser, member: Person) -> None:
    browser.double.discovery = {"end_session_endpoint": f"{ISSUER}/end"}
    await browser.sign_in()
    out = await browser.post("/auth/logout")
    back = "http%3A%2F%2F127.0.0.1%3A8000%2Fauth%2Flogout"
    expected = f"{ISSUER}/end?client_id={CLIENT_ID}&post_logout_redirect_uri={back}"
    assert (out.status_code, out.headers["location"]) == (303, expected)
    assert browser.cookies == {}
    assert await live(member.provider_id) == 0


async def test_signing_out_works_while_the_provider_is_out_of_reach(browser: Browser, member: Person) -> None:
    await browser.sign_in()
    await IdentityProvider.filter(id=member.provider_id).update(issuer="https://elsewhere.example/x")
    out = await browser.post("/auth/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/auth/logout")
    assert await live(member.provider_id) == 0
