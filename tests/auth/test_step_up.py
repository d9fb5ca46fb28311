"""``max_age``: the provider is asked to ask the person anew, and has to say that it has."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest

from auth.cookies import Cookie
from auth.sso.id_token import CLOCK_SKEW_SECONDS, NOT_SAID
from models.shared import Session
from tests.auth.browser import ACME
from tests.auth.conftest import add_provider
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    import httpx2

    from auth.authentication import Authenticator
    from auth.sessions.access_token import Subject
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person

# A request may take a while on a busy machine; what is compared below is further apart than that.
SLOW = 20

HIDDEN = '<input type="hidden" name="max_age" value="60">'


def login(**more: str) -> str:
    return f"/auth/login?{urlencode({'tenant': ACME, **more})}"


async def step_up(browser: Browser, max_age: int) -> httpx2.Response:
    await browser.follow(login(max_age=str(max_age), next="/docs"))
    return await browser.get(browser.answer())


async def subject(browser: Browser) -> Subject:
    authenticator: Authenticator = browser.authentication.authenticator
    return (await authenticator.verified(browser.cookies[Cookie.ACCESS])).subject


@pytest.mark.usefixtures("member")
async def test_the_provider_is_asked_to_ask_anew_only_when_that_was_wanted(browser: Browser) -> None:
    await browser.depart()
    assert not {"max_age", "prompt"} & browser.double.authorization.keys()
    await browser.follow(login(max_age="300"))
    assert (browser.double.authorization["max_age"], browser.double.authorization["prompt"]) == (["300"], ["login"])


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize(("age", "max_age"), [(0, 0), (5, 0), (300, 300), (300 + SLOW, 300)])
async def test_whom_the_provider_has_asked_since_is_signed_in(browser: Browser, age: int, max_age: int) -> None:
    browser.double.claims = {"auth_time": int(time.time()) - age}
    arrival = await step_up(browser, max_age)
    assert (arrival.status_code, arrival.headers["location"]) == (303, "/docs")
    assert abs((await subject(browser)).authenticated_at - (time.time() - age)) < SLOW


@pytest.mark.parametrize(
    "claims",
    [
        {"auth_time": ...},
        {"auth_time": None},
        {"auth_time": "now"},
        {"auth_time": True},
        {"auth_time": 0},
        {"auth_time": -1},
        {"auth_time": "older"},
        {"auth_time": "ahead"},
    ],
)
async def test_whom_it_has_not_asked_or_does_not_say_so_is_not(
    browser: Browser, member: Person, claims: dict[str, Any]
) -> None:
    now = int(time.time())
    times = {"older": now - 300 - CLOCK_SKEW_SECONDS - SLOW, "ahead": now + CLOCK_SKEW_SECONDS + SLOW}
    browser.double.claims = {"auth_time": times.get(claims["auth_time"], claims["auth_time"])}
    assert is_the_error_page(await step_up(browser, 300))
    assert await Session.filter(identity_provider_id=member.provider_id).count() == 0


@pytest.mark.usefixtures("member")
async def test_an_ordinary_sign_in_takes_somebody_in_of_whom_nobody_says_when(browser: Browser) -> None:
    browser.double.claims = {"auth_time": ...}
    assert (await browser.sign_in()).status_code == 303
    viewer = await browser.authentication.authenticator.viewer(browser.cookies[Cookie.ACCESS])
    assert viewer.authenticated_at == NOT_SAID
    assert not viewer.has_signed_in_within(10**8)


@pytest.mark.usefixtures("member")
@pytest.mark.parametrize("max_age", ["", "x", "-1", "1.5", "٣", "9" * 9, "300 "])
async def test_who_is_not_understood_is_not_sent_to_sign_in_as_if_nothing_was_asked(
    browser: Browser, max_age: str
) -> None:
    assert is_the_error_page(await browser.get(login(max_age=max_age)))


@pytest.mark.usefixtures("member")
async def test_stepping_up_replaces_the_session_and_refreshing_keeps_its_time(browser: Browser) -> None:
    browser.double.claims = {"auth_time": int(time.time()) - 3_000, "acr": "urn:example:bronze"}
    await browser.sign_in()
    old = await subject(browser)
    assert old.acr == "urn:example:bronze"
    browser.double.claims = {"auth_time": int(time.time()) - 7, "acr": "urn:example:gold"}
    await step_up(browser, 60)
    new = await subject(browser)
    assert (await Session.get(id=old.session_id)).revoked_reason == "replaced"
    await browser.post("/auth/token")
    refreshed = await subject(browser)
    assert refreshed == new
    assert (new.acr, old.authenticated_at < new.authenticated_at) == ("urn:example:gold", True)


async def test_the_pages_on_the_way_take_it_along(browser: Browser, member: Person) -> None:
    asked = await browser.get("/auth/login?max_age=60")
    assert HIDDEN in asked.text
    await add_provider(member.placement)
    form = {"tenant": ACME, "max_age": "60"}
    choosing = await browser.client.post("/auth/login", data=form)
    assert HIDDEN in choosing.text
    chosen = await browser.client.post("/auth/login", data={**form, "provider": str(member.provider_id)})
    assert "max_age=60" in chosen.headers["location"]


async def test_a_live_session_is_no_way_round(browser: Browser, member: Person) -> None:
    assert member.email
    await browser.sign_in()
    assert (await browser.get("/auth/login?next=/docs")).headers["location"] == "/docs"
    assert "location" not in (await browser.get("/auth/login?next=/docs&max_age=60")).headers
