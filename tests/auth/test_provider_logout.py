"""Row O23: a provider says that somebody has signed out there. Forged, stale or borrowed words end nothing."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import pytest

from auth.sso import provider_sessions
from auth.sso.logout_token import EVENT, MAX_AGE_SECONDS
from models.shared import IdentityProvider, Session
from tests.auth.conftest import add_person, add_provider
from tests.auth.provider_double import CLIENT_ID, ISSUER, ec_key, encode, overlaid, signed

if TYPE_CHECKING:
    from uuid import UUID

    import httpx2

    from tenancy.placement import TenantPlacement
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person
    from tests.auth.provider_double import ProviderDouble

SID: Final = "session-at-the-provider"


def claims(changes: dict[str, object]) -> dict[str, object]:
    now = int(time.time())
    honest: dict[str, object] = {
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "iat": now,
        "exp": now + 120,
        "jti": uuid4().hex,
        "sub": "subject-1",
        "sid": SID,
        "events": {EVENT: {}},
    }
    return overlaid(honest, changes)


def logout_token(double: ProviderDouble, changes: dict[str, object] | None = None, **header: object) -> str:
    said = overlaid({"alg": "ES256", "typ": "logout+jwt", "kid": "key-1"}, header)
    return signed(said, claims(changes or {}), double.key, "ES256")


async def send(browser: Browser, provider_id: UUID, token: str) -> httpx2.Response:
    return await browser.client.post(f"/auth/backchannel-logout/{provider_id}", data={"logout_token": token})


async def live(provider_id: UUID) -> int:
    return await Session.filter(identity_provider_id=provider_id, revoked_at=None).count()


@pytest.fixture
async def signed_in(browser: Browser, member: Person) -> Person:
    browser.double.claims = {"sid": SID}
    assert (await browser.sign_in()).status_code == 303
    assert await live(member.provider_id) == 1
    return member


@pytest.mark.parametrize("changes", [{}, {"sid": ...}, {"sub": ...}, {"aud": [CLIENT_ID]}])
async def test_o23_a_logout_token_ends_the_session(
    browser: Browser, signed_in: Person, changes: dict[str, object]
) -> None:
    answer = await send(browser, signed_in.provider_id, logout_token(browser.double, changes))
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    session = await Session.get(identity_provider_id=signed_in.provider_id)
    assert (session.revoked_at is not None, session.revoked_reason) == (True, "provider_signed_out")
    assert (await browser.post("/auth/token")).status_code == 400


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"},
        {"iss": ISSUER + "/"},
        {"iss": ...},
        {"aud": "someone-else"},
        {"aud": [CLIENT_ID, "someone-else"]},
        {"aud": []},
        {"aud": ...},
        {"events": ...},
        {"events": {}},
        {"events": {"http://schemas.openid.net/event/other": {}}},
        {"events": {EVENT: None}},
        {"events": [EVENT]},
        {"events": EVENT},
        {"nonce": "a-nonce"},
        {"nonce": None},
        {"jti": ...},
        {"jti": ""},
        {"jti": 7},
        {"iat": ...},
        {"iat": int(time.time()) - MAX_AGE_SECONDS - 3600},
        {"iat": int(time.time()) + 3600},
        {"iat": True},
        {"exp": ...},
        {"exp": int(time.time()) - 3600},
        {"sub": ..., "sid": ...},
        {"sub": 7},
        {"sid": ["x"]},
    ],
)
async def test_o23_a_logout_token_that_says_the_wrong_thing_ends_nothing(
    browser: Browser, signed_in: Person, changes: dict[str, object]
) -> None:
    answer = await send(browser, signed_in.provider_id, logout_token(browser.double, changes))
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_request"})
    assert await live(signed_in.provider_id) == 1


async def test_o23_a_logout_token_that_the_provider_did_not_sign_ends_nothing(
    browser: Browser, signed_in: Person
) -> None:
    header: dict[str, object] = {"typ": "logout+jwt", "kid": "key-1"}
    double = browser.double
    forged = [
        f"{encode(header | {'alg': 'none'})}.{encode(claims({}))}.",
        f"{encode(header | {'alg': 'none'})}.{encode(claims({}))}.AA",
        signed(header | {"alg": "ES256"}, claims({}), ec_key(), "ES256"),
        signed(header | {"alg": "HS256"}, claims({}), double.key, "ES256"),
        logout_token(double, typ="at+jwt"),
        logout_token(double, jwk={"kty": "EC"}),
        double.make_id_token("nonce"),
        "",
        "x",
        "x" * 10_000,
    ]
    for token in forged:
        assert (await send(browser, signed_in.provider_id, token)).status_code == 400
    assert await live(signed_in.provider_id) == 1


async def test_o23_a_logout_token_counts_once(browser: Browser, signed_in: Person) -> None:
    token = logout_token(browser.double)
    assert (await send(browser, signed_in.provider_id, token)).status_code == 200
    await browser.sign_in()
    assert await live(signed_in.provider_id) == 1
    assert (await send(browser, signed_in.provider_id, token)).status_code == 400
    assert await live(signed_in.provider_id) == 1


async def test_o23_a_provider_ends_sessions_of_its_own_connection_only(
    browser: Browser, signed_in: Person, globex: TenantPlacement
) -> None:
    # The same issuer and client at another tenant, with a key that this provider has: still another connection.
    twin = await add_provider(globex, ISSUER)
    await add_person(globex, "owner@globex.example", twin.id)
    assert (await send(browser, twin.id, logout_token(browser.double))).status_code == 200
    assert await live(signed_in.provider_id) == 1
    assert (await send(browser, uuid4(), logout_token(browser.double))).status_code == 400
    assert await live(signed_in.provider_id) == 1


@pytest.mark.parametrize("changes", [{"sub": "subject-2", "sid": ...}, {"sid": "other"}, {"sub": "subject-2"}])
async def test_o23_nobody_else_is_signed_out(browser: Browser, signed_in: Person, changes: dict[str, object]) -> None:
    assert (await send(browser, signed_in.provider_id, logout_token(browser.double, changes))).status_code == 200
    assert await live(signed_in.provider_id) == 1


async def test_the_front_channel_ends_the_session_that_it_names(browser: Browser, signed_in: Person) -> None:
    path = f"/auth/frontchannel-logout/{signed_in.provider_id}"
    for query in ("", f"?iss={ISSUER}", f"?sid={SID}", f"?iss=https://evil.example&sid={SID}"):
        assert (await browser.get(path + query)).status_code == 400
    assert (await browser.get(f"{path}?iss={ISSUER}&sid=other")).status_code == 200
    assert await live(signed_in.provider_id) == 1
    answer = await browser.get(f"{path}?iss={ISSUER}&sid={SID}")
    assert answer.status_code == 200
    assert "frame-ancestors https://idp.example" in answer.headers["content-security-policy"]
    assert await live(signed_in.provider_id) == 0


async def test_signing_out_of_ours_goes_on_to_the_provider(browser: Browser, member: Person) -> None:
    browser.double.discovery = {"end_session_endpoint": f"{ISSUER}/end"}
    await browser.sign_in()
    out = await browser.post("/auth/logout")
    back = "http%3A%2F%2F127.0.0.1%3A8000%2Fauth%2Flogout"
    expected = f"{ISSUER}/end?client_id={CLIENT_ID}&post_logout_redirect_uri={back}"
    assert (out.status_code, out.headers["location"]) == (303, expected)
    assert browser.cookies == {}
    assert await live(member.provider_id) == 0


async def test_o23_a_logout_that_failed_here_can_be_tried_again(
    browser: Browser, signed_in: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = logout_token(browser.double)

    async def fails(*_arguments: object, **_names: object) -> int:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(provider_sessions, "end_provider_sessions", fails)
        assert (await send(browser, signed_in.provider_id, token)).status_code == 500
    assert await live(signed_in.provider_id) == 1
    assert (await send(browser, signed_in.provider_id, token)).status_code == 200
    assert await live(signed_in.provider_id) == 0


async def test_signing_out_works_while_the_provider_is_out_of_reach(browser: Browser, member: Person) -> None:
    await browser.sign_in()
    await IdentityProvider.filter(id=member.provider_id).update(issuer="https://elsewhere.example/x")
    out = await browser.post("/auth/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/auth/logout")
    assert await live(member.provider_id) == 0
