"""Rows O1, O2, O20, J11 to J13: a browser on its way in and out."""

from __future__ import annotations

import asyncio
import re
import time
from http.cookies import SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine

from auth.cookies import Cookie
from auth.opening import open_authentication
from auth.sso import provider as provider_module
from auth.sso import sign_in
from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.membership import member_of
from models.shared import IdentityProvider, Session
from tests.auth.browser import ACME, Browser
from tests.auth.provider_double import ISSUER, ProviderDouble

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    import httpx2

    from auth.sso.id_token import Identity
    from auth.sso.provider import Provider
    from settings import Settings
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person


def set_cookies(response: httpx2.Response) -> dict[str, str]:
    """The cookies that a response sets, by name, each as the whole header."""
    headers = response.headers.get_list("set-cookie")
    return {next(iter(SimpleCookie(header))): header for header in headers}


def is_the_error_page(response: httpx2.Response) -> bool:
    """The one page that says that it did not work, with a reference, and signs nobody in."""
    kept = [header for name, header in set_cookies(response).items() if "Max-Age=0" not in header]
    return (
        response.status_code == 400
        and "Sign-in did not work" in response.text
        and response.headers["x-request-id"] in response.text
        and not kept
    )


@pytest.mark.usefixtures("member")
async def test_a_person_signs_in_and_lands_where_they_wanted(browser: Browser, member: Person) -> None:
    departure = await browser.depart(wanted="/docs")
    assert departure.status_code == 303
    assert departure.headers["location"].startswith(f"{ISSUER}/authorize?")
    arrival = await browser.get(browser.answer())
    assert (arrival.status_code, arrival.headers["location"]) == (303, "/docs")
    session = (await browser.get("/auth/session")).json()
    assert session["tenant"] == {"id": str(member.placement.tenant_id), "slug": ACME}
    assert session["member"] == {"id": str(member.member_id), "email": "owner@acme.example", "fullName": "A Person"}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", session["expiresAt"])


async def test_a_connection_that_is_switched_off_while_somebody_arrives_lets_them_in_no_more(
    browser: Browser, member: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def found_too_late(placement: TenantPlacement, provider: Provider, identity: Identity) -> UUID:
        await IdentityProvider.filter(id=provider.id).update(enabled=False)
        return await member_of(placement, provider, identity)

    monkeypatch.setattr(sign_in, "member_of", found_too_late)
    assert is_the_error_page(await browser.sign_in())
    assert await Session.filter(identity_provider_id=member.provider_id).count() == 0


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("callback", [{"state": ...}, {"state": "wrong"}, {"state": ""}])
async def test_o1_callback_without_or_with_a_wrong_state_is_refused(
    browser: Browser, callback: dict[str, object]
) -> None:
    browser.double.callback = callback
    assert is_the_error_page(await browser.sign_in())
    assert browser.double.requests["token"] == 0


@pytest.mark.usefixtures("member")
async def test_o1_another_browsers_state_is_refused(browser: Browser) -> None:
    other = Browser(browser.authentication, browser.double)
    await other.depart()
    attackers_answer = other.answer()
    assert is_the_error_page(await browser.get(attackers_answer))
    await browser.depart()
    assert is_the_error_page(await browser.get(attackers_answer))
    assert browser.double.requests["token"] == 0


@pytest.mark.usefixtures("member")
async def test_o2_a_callback_played_back_in_the_same_browser_is_refused(browser: Browser) -> None:
    await browser.depart()
    answer = browser.answer()
    assert (await browser.get(answer)).status_code == 303
    assert is_the_error_page(await browser.get(answer))


async def test_o2_a_callback_played_back_with_the_cookie_of_the_attempt_is_refused(
    browser: Browser, member: Person
) -> None:
    await browser.depart()
    answer, cookie = browser.answer(), browser.cookies[Cookie.SIGN_IN]
    assert (await browser.get(answer)).status_code == 303
    thief = Browser(browser.authentication, browser.double)
    assert is_the_error_page(await thief.get(answer, Cookie=f"{Cookie.SIGN_IN}={cookie}"))
    assert await Session.filter(identity_provider_id=member.provider_id).count() == 1


async def test_o2_a_callback_played_back_many_times_at_once_makes_one_session(browser: Browser, member: Person) -> None:
    await browser.depart()
    answer, cookie = browser.answer(), browser.cookies[Cookie.SIGN_IN]
    browsers = [Browser(browser.authentication, browser.double) for _ in range(6)]
    responses = await asyncio.gather(*(b.get(answer, Cookie=f"{Cookie.SIGN_IN}={cookie}") for b in browsers))
    assert sorted(response.status_code for response in responses) == [303, 400, 400, 400, 400, 400]
    assert await Session.filter(identity_provider_id=member.provider_id).count() == 1


@pytest.mark.usefixtures("member")
async def test_an_attempt_that_took_too_long_is_refused(browser: Browser) -> None:
    await browser.depart()
    answer, cookie = browser.answer(), browser.cookies[Cookie.SIGN_IN]
    with time_machine.travel(time.time() + ATTEMPT_SECONDS + 1):
        assert is_the_error_page(await browser.get(answer, Cookie=f"{Cookie.SIGN_IN}={cookie}"))
    assert browser.double.requests["token"] == 0


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("change", ["", "x", "A" * 600, "flip"])
async def test_a_cookie_that_we_did_not_seal_is_refused(browser: Browser, change: str) -> None:
    await browser.depart()
    cookie = browser.cookies[Cookie.SIGN_IN]
    forged = cookie[:60] + ("A" if cookie[60] != "A" else "B") + cookie[61:] if change == "flip" else change
    stranger = Browser(browser.authentication, browser.double)
    assert is_the_error_page(await stranger.get(browser.answer(), Cookie=f"{Cookie.SIGN_IN}={forged}"))


@pytest.mark.usefixtures("member")
async def test_a_provider_that_was_switched_off_on_the_way_is_refused(browser: Browser, member: Person) -> None:
    await browser.depart()
    await IdentityProvider.filter(id=member.provider_id).update(enabled=False)
    assert is_the_error_page(await browser.get(browser.answer()))


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("tenant", ["unknown", "nobody", "", "\x00", "acme'--", "../acme", "a" * 300, "ACM\u00c9"])
async def test_a_tenant_that_is_unknown_gets_the_error_page(browser: Browser, tenant: str) -> None:
    assert is_the_error_page(await browser.depart(tenant))


async def test_a_tenant_without_a_provider_gets_the_error_page(browser: Browser, acme: TenantPlacement) -> None:
    assert is_the_error_page(await browser.depart(acme.slug))


@pytest.mark.usefixtures("member")
async def test_every_failure_looks_the_same_but_for_its_reference(browser: Browser) -> None:
    pages: set[str] = set()
    for changes in ({"claims": {"aud": "other"}}, {"claims": {"nonce": "x"}}, {"callback": {"error": "denied"}}):
        for name, value in changes.items():
            setattr(browser.double, name, value)
        response = await browser.sign_in()
        assert is_the_error_page(response)
        pages.add(response.text.replace(response.headers["x-request-id"], "REFERENCE"))
        browser.double.claims, browser.double.callback = {}, {}
    assert len(pages) == 1


@pytest.mark.usefixtures("member")
async def test_a_fault_of_our_own_gets_the_same_page_and_is_logged(
    browser: Browser, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def at_fault(*_arguments: object, **_options: object) -> bytes:
        raise ZeroDivisionError

    await browser.depart()
    monkeypatch.setattr(provider_module, "opened", at_fault)
    for response in (await browser.get(browser.answer()), await browser.depart()):
        assert response.status_code == 500
        assert "Sign-in did not work" in response.text
        assert response.headers["x-request-id"] in response.text
    assert "sign-in failed" in capsys.readouterr().out


WANTED_ELSEWHERE = ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)", "/%5cevil"]


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("wanted", WANTED_ELSEWHERE)
async def test_o20_no_wanted_path_leads_out_of_our_origin(browser: Browser, wanted: str) -> None:
    response = await browser.sign_in(wanted=wanted)
    assert (response.status_code, response.headers["location"]) == (303, "/graphql")


@pytest.mark.parametrize("wanted", [*WANTED_ELSEWHERE, '"><script>alert(1)</script>'])
async def test_o20_the_page_that_asks_for_the_tenant_passes_on_paths_of_ours_only(
    browser: Browser, wanted: str
) -> None:
    page = await browser.client.get("/auth/login", params={"next": wanted})
    assert re.findall(r'name="next" value="([^"]*)"', page.text) == ["/graphql"]
    assert "script" not in page.text


@pytest.mark.usefixtures("member")
async def test_j11_signing_in_gives_new_identifiers_and_keeps_none_from_before(browser: Browser) -> None:
    await browser.depart()
    before = browser.cookies[Cookie.SIGN_IN]
    await browser.get(browser.answer())
    assert Cookie.SIGN_IN not in browser.cookies
    assert before not in browser.cookies.values()


@pytest.mark.usefixtures("member")
async def test_j11_a_refresh_token_planted_before_the_sign_in_is_not_kept(browser: Browser) -> None:
    browser.client.cookies.set(Cookie.REFRESH.value, "planted", domain="127.0.0.1")
    await browser.sign_in()
    assert browser.cookies[Cookie.REFRESH] != "planted"


async def test_j11_signing_in_while_signed_in_ends_the_session_before(browser: Browser, member: Person) -> None:
    await browser.sign_in()
    first = browser.cookies
    await browser.sign_in()
    second = browser.cookies
    assert not {first[name] for name in (Cookie.ACCESS, Cookie.REFRESH)} & set(second.values())
    assert [
        session.revoked_reason
        for session in await Session.filter(identity_provider_id=member.provider_id).order_by("created_at")
    ] == ["replaced", None]


@pytest.mark.usefixtures("member")
async def test_j12_an_attackers_code_does_not_sign_a_victim_in(browser: Browser) -> None:
    attacker, victim = browser, Browser(browser.authentication, browser.double)
    await attacker.depart()
    forced = attacker.answer()  # the attacker stops here, and has the victim's browser go there instead
    assert is_the_error_page(await victim.get(forced))
    assert victim.cookies == {}


SECURE_ATTRIBUTES = {"httponly", "samesite=lax", "path=/", "secure"}


def attributes(header: str) -> set[str]:
    return {part.strip().lower() for part in header.split(";")[1:]}


async def test_j13_cookies_over_https_are_bound_to_the_host_and_hidden_from_scripts(
    settings: Settings, database: Database, member: Person
) -> None:
    assert member.email
    double = ProviderDouble()
    https = settings.model_copy(update={"public_url": "https://gateway.example"})
    async with open_authentication(https, database.directory, transport=_to(double)) as opened:
        browser = Browser(opened, double)
        departure, arrival = await browser.depart(), await browser.get(browser.answer())
        assert arrival.status_code == 303
        set_by_us = set_cookies(departure) | set_cookies(arrival)
        names = {f"__Host-{kind}" for kind in (Cookie.ACCESS, Cookie.REFRESH, Cookie.SIGN_IN)}
        assert set_by_us.keys() == names
        for header in set_by_us.values():
            assert attributes(header) >= SECURE_ATTRIBUTES
            assert "domain" not in header.lower()
        # Without the prefix a cookie could have been set by a neighbouring host: it is not even read.
        bare = {"Cookie": f"{Cookie.ACCESS}={browser.cookies['__Host-' + Cookie.ACCESS]}"}
        stranger = Browser(opened, double)
        assert (await stranger.get("/auth/session", **bare)).status_code == 401
        assert (await browser.get("/auth/session")).status_code == 200


@pytest.mark.usefixtures("member")
async def test_j13_cookies_on_a_developers_machine_lack_only_what_needs_https(browser: Browser) -> None:
    departure, arrival = await browser.depart(), await browser.get(browser.answer())
    for header in (set_cookies(departure) | set_cookies(arrival)).values():
        assert attributes(header) >= SECURE_ATTRIBUTES - {"secure"}


@pytest.mark.usefixtures("member")
async def test_j13_no_token_or_code_gets_into_an_address_a_page_or_the_log(
    browser: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    departure = await browser.depart()
    arrival = await browser.get(browser.answer())
    tokens = [value for name, value in browser.cookies.items() if name != Cookie.SIGN_IN]
    await browser.post("/auth/token")
    await browser.get("/auth/session")
    failed = await browser.get("/auth/callback?code=a-code&state=x")
    out = await browser.post("/auth/logout")
    tokens += [value for value in browser.cookies.values() if value]
    assert len(tokens) >= 2
    secrets = [
        *tokens,
        *browser.double.authorization.get("state", []),
        browser.double.make_id_token("x")[:40],
        "a-code",
    ]
    logged = capsys.readouterr()
    addresses = [response.headers.get("location", "") for response in (arrival, out, failed)]
    for secret in secrets:
        assert secret not in logged.out + logged.err
        assert not any(secret in address for address in addresses)
        assert secret not in arrival.text + failed.text + out.text
    assert not any(token in departure.headers["location"] for token in tokens)
    assert arrival.headers["referrer-policy"] == "no-referrer"


def _to(double: ProviderDouble) -> httpx2.AsyncBaseTransport:
    import httpx2  # noqa: PLC0415 - the annotations above need it for typing only

    return httpx2.ASGITransport(double.app())


@pytest.mark.usefixtures("member")
async def test_signing_out_ends_the_session_for_every_copy_of_its_tokens(browser: Browser) -> None:
    await browser.sign_in()
    copy = browser.cookies[Cookie.REFRESH]
    assert "Sign out" in (await browser.get("/auth/logout")).text
    out = await browser.post("/auth/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/auth/logout")
    assert browser.cookies == {}
    assert "You are signed out" in (await browser.get("/auth/logout")).text
    answer = await browser.client.post("/auth/token", data={"grant_type": "refresh_token", "refresh_token": copy})
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_grant"})


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "http://127.0.0.1:9999", "Sec-Fetch-Site": "same-site"},
        {"Origin": "", "Sec-Fetch-Site": ""},
    ],
)
@pytest.mark.parametrize("path", ["/auth/logout", "/auth/token"])
async def test_another_site_can_neither_sign_out_nor_refresh(
    browser: Browser, path: str, headers: dict[str, str]
) -> None:
    await browser.sign_in()
    before = browser.cookies
    sent = {name: value for name, value in headers.items() if value}
    assert (await browser.client.post(path, headers=sent)).status_code == 403
    assert browser.cookies == before
    assert (await browser.post("/auth/token")).status_code == 200


@pytest.mark.usefixtures("member")
async def test_a_browser_with_a_live_session_goes_on_without_being_asked(browser: Browser) -> None:
    await browser.sign_in()
    before = browser.cookies
    response = await browser.get("/auth/login?next=/docs")
    assert (response.status_code, response.headers["location"]) == (303, "/docs")
    assert browser.cookies[Cookie.REFRESH] != before[Cookie.REFRESH]
    await browser.post("/auth/logout")
    assert 'name="tenant"' in (await browser.get("/auth/login?next=/docs")).text


async def test_a_developer_who_comes_by_another_name_is_sent_to_the_public_one(browser: Browser) -> None:
    response = await browser.get("/auth/login?tenant=acme&next=/docs&x=1", Host="localhost:8000")
    assert response.headers["location"] == "http://127.0.0.1:8000/auth/login?tenant=acme&next=%2Fdocs"


def policy(response: httpx2.Response) -> dict[str, list[str]]:
    directives: Iterable[list[str]] = (part.split() for part in response.headers["content-security-policy"].split(";"))
    return {words[0]: words[1:] for words in directives}


async def test_pages_load_nothing_run_nothing_and_are_kept_nowhere(browser: Browser) -> None:
    for path in ("/auth/login", "/auth/logout", "/auth/callback"):
        response = await browser.get(path)
        assert policy(response)["default-src"] == ["'none'"]
        assert policy(response)["frame-ancestors"] == ["'none'"]
        assert [word for word in policy(response)["style-src"] if not word.startswith("'sha256-")] == []
        assert response.headers["cache-control"] == "no-store"
        assert "<script" not in response.text
        assert '<html lang="en">' in response.text


async def test_the_page_that_asks_is_labelled(browser: Browser) -> None:
    page = (await browser.get("/auth/login")).text
    assert 'label for="tenant"' in page
    assert 'id="tenant"' in page
    assert 'aria-describedby="hint"' in page


@pytest.mark.usefixtures("member")
async def test_the_provider_is_asked_for_its_documents_once(browser: Browser) -> None:
    for _ in range(3):
        await browser.sign_in()
    assert (browser.double.requests["discovery"], browser.double.requests["jwks"]) == (1, 1)
    assert parse_qs(urlsplit((await browser.depart()).headers["location"]).query)["code_challenge_method"] == ["S256"]
