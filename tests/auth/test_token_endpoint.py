"""Programs: continue a session, end it, and verify our tokens. Rows J3, J7 and J15 as they look from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from auth.cookies import Cookie
from auth.sessions.access_token import audience
from models.shared import Session
from server.challenge import bearer_challenge
from tests.auth.browser import ACME
from tests.auth.tokens import sign

if TYPE_CHECKING:
    import httpx2

    from settings import Settings
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person


@pytest.fixture
async def signed_in(browser: Browser, member: Person) -> Browser:
    assert (await browser.sign_in()).status_code == 303
    assert member.email
    return browser


def refresh_token(browser: Browser) -> str:
    return browser.cookies[Cookie.REFRESH]


async def refresh(browser: Browser, token: str) -> httpx2.Response:
    """As a program does it: no cookie, no origin."""
    browser.client.cookies.clear()
    return await browser.client.post("/auth/token", data={"grant_type": "refresh_token", "refresh_token": token})


async def test_a_program_continues_a_session_with_a_form_or_with_json(signed_in: Browser, settings: Settings) -> None:
    answer = await refresh(signed_in, refresh_token(signed_in))
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert body.keys() == {"access_token", "token_type", "expires_in", "refresh_token"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", settings.access_token_seconds)
    again = await signed_in.client.post(
        "/auth/token", json={"grant_type": "refresh_token", "refresh_token": body["refresh_token"]}
    )
    assert again.status_code == 200
    bearer = {"Authorization": f"Bearer {again.json()['access_token']}"}
    assert (await signed_in.get("/auth/session", **bearer)).json()["member"]["email"] == "owner@acme.example"


async def test_a_browser_continues_a_session_and_sees_no_token(signed_in: Browser) -> None:
    before = signed_in.cookies
    answer = await signed_in.post("/auth/token")
    assert (answer.status_code, answer.json().keys()) == (200, {"expires_in"})
    assert signed_in.cookies[Cookie.REFRESH] != before[Cookie.REFRESH]
    assert (await signed_in.get("/auth/session")).status_code == 200


async def test_j7_a_token_used_twice_ends_the_session_and_clears_the_browser(signed_in: Browser) -> None:
    stolen = refresh_token(signed_in)
    await signed_in.post("/auth/token")
    await signed_in.post("/auth/token")
    thief = type(signed_in)(signed_in.authentication, signed_in.double)
    assert (await refresh(thief, stolen)).json() == {"error": "invalid_grant"}
    answer = await signed_in.post("/auth/token")
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})
    assert signed_in.cookies == {}


async def test_j10_a_token_shown_at_another_tenant_ends_its_session(signed_in: Browser) -> None:
    honest = {"X-Fieldgate-Tenant": ACME}
    assert (await signed_in.post("/auth/token", **honest)).status_code == 200
    token = refresh_token(signed_in)
    assert (await signed_in.post("/auth/token", **{"X-Fieldgate-Tenant": "globex"})).status_code == 400
    assert (await refresh(signed_in, token)).json() == {"error": "invalid_grant"}


async def test_j15_every_bad_token_gets_the_same_answer(signed_in: Browser) -> None:
    live = refresh_token(signed_in)
    revoked = (await refresh(signed_in, live)).json()["refresh_token"]
    await signed_in.client.post("/auth/revoke", data={"token": revoked})
    answers = set()
    for token in ("", "unknown", live[:-2], live, revoked, "A" * 86, "x" * 10_000):
        answer = await refresh(signed_in, token)
        headers = tuple(sorted(name for name in answer.headers if name != "x-request-id"))
        answers.add((answer.status_code, answer.text, headers))
    assert len(answers) == 1
    assert answers.pop()[:2] == (400, '{"error":"invalid_grant"}')


async def test_j3_each_token_is_good_for_its_own_purpose_only(signed_in: Browser) -> None:
    access, refreshing = signed_in.cookies[Cookie.ACCESS], refresh_token(signed_in)
    id_token = signed_in.double.make_id_token("nonce")
    assert (await refresh(signed_in, access)).json() == {"error": "invalid_grant"}
    for token in (refreshing, id_token, sign({"alg": "ES256", "typ": "JWT", "kid": "x"}, {})):
        answer = await signed_in.get("/auth/session", Authorization=f"Bearer {token}")
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert (await signed_in.get("/auth/session", Authorization=f"bearer {access}")).status_code == 200


async def test_a_bad_bearer_token_is_not_made_good_by_a_cookie(signed_in: Browser) -> None:
    assert (await signed_in.get("/auth/session")).status_code == 200
    assert (await signed_in.get("/auth/session", Authorization="Bearer x")).status_code == 401


async def test_nobody_is_told_how_to_become_somebody(browser: Browser) -> None:
    answer = await browser.get("/auth/session")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == bearer_challenge(browser.authentication.settings)


@pytest.mark.parametrize(
    ("content_type", "body", "status", "error"),
    [
        ("application/x-www-form-urlencoded", b"grant_type=password&username=x", 400, "unsupported_grant_type"),
        ("application/x-www-form-urlencoded", b"grant_type=refresh_token", 400, "invalid_request"),
        ("application/x-www-form-urlencoded", b"refresh_token=a&refresh_token=b", 400, "invalid_request"),
        ("application/x-www-form-urlencoded", b"refresh_token", 400, "invalid_request"),
        ("application/x-www-form-urlencoded", b"refresh_token=\xff", 400, "invalid_request"),
        ("application/json", b'{"refresh_token": "a", "refresh_token": "b"}', 400, "invalid_request"),
        ("application/json", b'{"refresh_token": ["a"]}', 400, "invalid_request"),
        ("application/json", b"[" * 10_000, 400, "invalid_request"),
        ("application/json", b"{", 400, "invalid_request"),
        ("text/plain", b"refresh_token=a", 415, "invalid_request"),
        ("multipart/form-data; boundary=x", b"--x--", 415, "invalid_request"),
        ("application/x-www-form-urlencoded", b"refresh_token=" + b"a" * 20_000, 413, "invalid_request"),
    ],
)
@pytest.mark.parametrize("path", ["/auth/token", "/auth/revoke"])
async def test_a_request_that_is_not_well_formed_is_refused(  # noqa: PLR0913, PLR0917 - a table of cases
    browser: Browser, path: str, content_type: str, body: bytes, status: int, error: str
) -> None:
    answer = await browser.client.post(path, content=body, headers={"Content-Type": content_type})
    if path == "/auth/revoke" and status == 400:
        error = "invalid_request"
    assert (answer.status_code, answer.json()) == (status, {"error": error})


async def test_revoking_ends_the_session_and_says_the_same_for_any_token(signed_in: Browser, member: Person) -> None:
    token = refresh_token(signed_in)
    for shown in ("unknown", token, token):
        answer = await signed_in.client.post("/auth/revoke", data={"token": shown})
        assert (answer.status_code, answer.content) == (200, b"")
    assert (await refresh(signed_in, token)).status_code == 400
    (session,) = await Session.filter(identity_provider_id=member.provider_id)
    assert session.revoked_reason == "revoked"


async def test_anybody_can_verify_our_tokens_with_the_published_keys(signed_in: Browser, settings: Settings) -> None:
    published = await signed_in.get("/.well-known/jwks.json")
    assert published.headers["cache-control"] == "public, max-age=300"
    assert all(key.keys() == {"kty", "crv", "x", "y", "kid", "alg", "use"} for key in published.json()["keys"])
    token = jwt.decode(signed_in.cookies[Cookie.ACCESS], KeySet.import_key_set(published.json()), algorithms=["ES256"])
    assert token.header["typ"] == "at+jwt"
    assert (token.claims["iss"], token.claims["aud"]) == (settings.public_url, audience(settings))
    assert token.claims.keys() == {"iss", "aud", "sub", "tid", "sid", "jti", "iat", "exp", "auth_time"}


async def test_the_metadata_names_endpoints_that_are_there(signed_in: Browser, settings: Settings) -> None:
    metadata = (await signed_in.get("/.well-known/oauth-authorization-server")).json()
    assert metadata["issuer"] == settings.public_url
    assert metadata["grant_types_supported"] == ["refresh_token", "client_credentials"]
    assert (await signed_in.client.get(metadata["jwks_uri"])).status_code == 200
    assert (await signed_in.client.post(metadata["token_endpoint"], data={"refresh_token": "x"})).status_code == 400
    assert (await signed_in.client.post(metadata["revocation_endpoint"], data={"token": "x"})).status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/auth/token"), ("GET", "/auth/revoke"), ("PUT", "/auth/login"), ("POST", "/auth/callback")],
)
async def test_only_the_method_of_a_path_is_answered(browser: Browser, method: str, path: str) -> None:
    assert (await browser.client.request(method, path)).status_code == 405
