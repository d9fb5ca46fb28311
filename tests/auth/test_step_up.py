"""``max_age``: the provider is asked to ask the person anew, and has to say that it has."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import pytest

from auth.cookies import Cookie
from auth.sso.connection import OPERATOR, Connections
from auth.sso.connection_settings import ChangeRefusedError
from auth.sso.id_token import CLOCK_SKEW_SECONDS, NOT_SAID
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from models.shared import IdentityProvider, Session
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME
from tests.auth.conftest import add_provider
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    import httpx2

    from auth.authentication import Authenticator
    from auth.sessions.access_token import Subject
    from settings import Settings
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


GOLD, BRONZE = "urn:example:gold", "urn:example:bronze"


async def ask_for(member: Person, acr: str | None) -> None:
    await IdentityProvider.filter(id=member.provider_id).update(step_up_acr=acr)


async def is_recent(browser: Browser) -> bool:
    viewer = await browser.authentication.authenticator.viewer(browser.cookies[Cookie.ACCESS])
    return viewer.has_signed_in_within(900)


async def test_the_provider_is_asked_how_to_ask_only_in_a_step_up(browser: Browser, member: Person) -> None:
    await browser.follow(login(max_age="60"))
    assert "acr_values" not in browser.double.authorization
    await ask_for(member, GOLD)
    await browser.depart()
    assert "acr_values" not in browser.double.authorization
    await browser.follow(login(max_age="60"))
    assert browser.double.authorization["acr_values"] == [GOLD]


async def test_who_was_asked_so_is_signed_in_and_session_and_token_say_so(browser: Browser, member: Person) -> None:
    await ask_for(member, GOLD)
    browser.double.claims = {"auth_time": int(time.time()), "acr": GOLD}
    assert (await step_up(browser, 60)).status_code == 303
    told = await subject(browser)
    assert (told.acr, (await Session.get(id=told.session_id)).acr) == (GOLD, GOLD)
    assert await is_recent(browser)
    await browser.post("/auth/token")
    assert await is_recent(browser)


@pytest.mark.parametrize("acr", [..., None, BRONZE, "", [GOLD], f"{GOLD} {BRONZE}", GOLD.upper(), 1])
async def test_who_was_not_is_not_signed_in(browser: Browser, member: Person, acr: Any) -> None:  # noqa: ANN401 - whatever a provider sends
    await ask_for(member, GOLD)
    browser.double.claims = {"auth_time": int(time.time()), "acr": acr}
    assert is_the_error_page(await step_up(browser, 60))
    assert await Session.filter(identity_provider_id=member.provider_id).count() == 0


async def test_a_weaker_sign_in_is_one_but_no_recent_one(browser: Browser, member: Person) -> None:
    """Else it would be no use to ask for more: whoever has a password would be recent by it."""
    await ask_for(member, GOLD)
    browser.double.claims = {"auth_time": int(time.time()), "acr": BRONZE}
    assert (await browser.sign_in()).status_code == 303
    assert not await is_recent(browser)
    await browser.post("/auth/token")
    assert not await is_recent(browser)
    await ask_for(member, None)
    assert (await browser.sign_in()).status_code == 303
    assert await is_recent(browser)


async def test_an_attempt_of_before_the_wish_does_not_get_round_it(browser: Browser, member: Person) -> None:
    browser.double.claims = {"auth_time": int(time.time()), "acr": BRONZE}
    await browser.follow(login(max_age="60"))
    await ask_for(member, GOLD)
    assert (await browser.get(browser.answer())).status_code == 303
    assert not await is_recent(browser)


async def test_it_is_tried_by_a_dry_run_before_it_is_in_force(
    browser: Browser, member: Person, settings: Settings
) -> None:
    """An owner who mistypes it could not change it back: that takes a recent sign-in."""
    await IdentityProvider.filter(id=member.provider_id).update(tested_at=datetime.now(UTC))
    outbound = Outbound(settings)
    async with tenant_scope(member.placement, authorization_version=None):
        connections = Connections(settings, outbound, LookUps(8))
        row = await connections.update(OPERATOR, member.provider_id, {"step_up_acr": GOLD})
        address = urlsplit(await connections.test_address(OPERATOR, member.provider_id))
    await outbound.close()
    assert (row.step_up_acr, row.staged) == (None, {"step_up_acr": GOLD})
    for acr, in_force in ((BRONZE, None), (GOLD, GOLD)):
        browser.double.claims = {"acr": acr}
        await browser.follow(f"{address.path}?{address.query}")
        assert browser.double.authorization["acr_values"] == [GOLD]
        answer = await browser.get(browser.answer())
        assert is_the_error_page(answer) is (in_force is None)
        assert (await IdentityProvider.get(id=member.provider_id)).step_up_acr == in_force


@pytest.mark.parametrize("acr", ["", " ", "two values", "é", "a" * 256, "a\nb"])
async def test_what_is_no_value_is_refused(member: Person, settings: Settings, acr: str) -> None:
    outbound = Outbound(settings)
    connections = Connections(settings, outbound, LookUps(8))
    async with tenant_scope(member.placement, authorization_version=None):
        with pytest.raises(ChangeRefusedError, match="step_up_acr"):
            await connections.update(OPERATOR, member.provider_id, {"step_up_acr": acr})
    await outbound.close()
