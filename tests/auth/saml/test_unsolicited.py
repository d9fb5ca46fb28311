"""S28 of the security cases: responses to no request. Off, they are refused; on, nobody is signed in unasked."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest
import time_machine

from auth.cookies import Cookie
from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.refusal import Refusal
from models.shared import IdentityProvider, Session
from models.tenant import Member
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME, Browser
from tests.auth.conftest import add_person
from tests.auth.saml.provider_at_work import EMAIL, ProviderAtWork
from tests.auth.saml.test_response_route_attacks import reason
from tests.auth.test_sign_in import is_the_error_page, policy

if TYPE_CHECKING:
    import httpx2

    from tests.auth.conftest import Person


@pytest.fixture
async def unasked(at_work: ProviderAtWork, ada: Person) -> ProviderAtWork:
    """The provider of a connection that takes responses to no request."""
    await IdentityProvider.filter(id=ada.provider_id).update(allow_unsolicited=True)
    return at_work


async def sent(provider: ProviderAtWork, relay_state: str = "", **changes: object) -> httpx2.Response:
    """The provider sends somebody whom nobody has asked about."""
    provider.request, provider.relay_state = None, relay_state
    return await provider.post(await provider.answer(**changes))


def address_of(page: httpx2.Response) -> str:
    found = re.search(r'<form method="post" action="([^"]*)"', page.text)
    assert found is not None
    return unescape(found[1])


async def click(browser: Browser, page: httpx2.Response, **headers: str) -> httpx2.Response:
    """The button of the page. A browser says which page it was."""
    identity = re.search(r'name="identity" value="([^"]*)"', page.text)
    assert identity is not None
    origin = {"Origin": browser.authentication.settings.public_origin, "Sec-Fetch-Site": "same-origin"}
    return await browser.client.post(address_of(page), data={"identity": identity[1]}, headers=origin | headers)


async def sessions(ada: Person) -> int:
    return await Session.filter(identity_provider_id=ada.provider_id).count()


async def test_s28_off_an_unsolicited_response_is_refused(at_work: ProviderAtWork, ada: Person) -> None:
    answer = await sent(at_work)
    assert await reason(ada.placement, answer) == Refusal.ATTEMPT_MISSING
    await at_work.depart()
    state = at_work.relay_state
    assert await reason(ada.placement, await sent(at_work, state)) == Refusal.SAML_UNSOLICITED
    await at_work.depart()
    assert await reason(ada.placement, await sent(at_work)) == Refusal.SAML_RELAY_STATE
    assert await sessions(ada) == 0


async def test_s28_on_a_page_shows_who_and_a_click_signs_them_in(unasked: ProviderAtWork, ada: Person) -> None:
    page = await sent(unasked, "/docs")
    assert page.status_code == 200
    assert EMAIL in page.text
    assert await sessions(ada) == 0
    assert not {Cookie.ACCESS, Cookie.REFRESH} & unasked.browser.cookies.keys()
    arrival = await click(unasked.browser, page)
    assert (arrival.status_code, arrival.headers["location"]) == (303, "/docs")
    assert (await unasked.browser.get("/auth/session")).json()["member"]["email"] == EMAIL
    session = await Session.get(identity_provider_id=ada.provider_id)
    assert session.provider_session == "session-1"


async def test_s28_the_page_is_framed_by_nobody_and_runs_nothing(unasked: ProviderAtWork) -> None:
    page = await sent(unasked)
    assert policy(page)["frame-ancestors"] == ["'none'"]
    assert policy(page)["form-action"] == ["'self'"]
    assert page.headers["x-frame-options"] == "DENY"
    assert "<script" not in page.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
        {"Origin": "https://idp.example", "Sec-Fetch-Site": "same-site"},
    ],
    ids=["another site", "nobody", "the provider"],
)
async def test_s28_another_site_can_not_answer_for_the_person(
    unasked: ProviderAtWork, ada: Person, headers: dict[str, str]
) -> None:
    page = await sent(unasked)
    assert (await click(unasked.browser, page, **headers)).status_code == 403
    assert await sessions(ada) == 0
    assert (await click(unasked.browser, page)).status_code == 303


async def test_s28_a_page_of_one_browser_is_good_in_no_other(unasked: ProviderAtWork, ada: Person) -> None:
    """The attacker keeps a page about themselves, and gets the victim's browser to post what is in it."""
    page = await sent(unasked)
    victim = ProviderAtWork(Browser(unasked.browser.authentication, unasked.browser.double), ada.provider_id)
    assert await reason(ada.placement, await click(victim.browser, page)) == Refusal.ATTEMPT_MISSING
    await victim.depart()
    assert await reason(ada.placement, await click(victim.browser, page)) == Refusal.ATTEMPT_MISSING
    assert await sessions(ada) == 0


async def test_s28_a_yes_counts_once(unasked: ProviderAtWork, ada: Person) -> None:
    page = await sent(unasked)
    cookie = unasked.browser.cookies[Cookie.SAML_SIGN_IN]
    assert (await click(unasked.browser, page)).status_code == 303
    unasked.browser.client.cookies.set(Cookie.SAML_SIGN_IN.value, cookie, domain="127.0.0.1")
    assert is_the_error_page(await click(unasked.browser, page))
    assert await sessions(ada) == 1


async def test_s28_a_response_played_back_is_not_even_asked_about(unasked: ProviderAtWork, ada: Person) -> None:
    raw = await unasked.answer()
    assert (await unasked.post(raw)).status_code == 200
    assert await reason(ada.placement, await unasked.post(raw)) == Refusal.SAML_REPLAYED


async def test_s28_a_page_is_good_for_ten_minutes_and_as_long_as_the_connection_takes_it(
    unasked: ProviderAtWork, ada: Person
) -> None:
    page = await sent(unasked)
    cookie = unasked.browser.cookies[Cookie.SAML_SIGN_IN]
    await IdentityProvider.filter(id=ada.provider_id).update(allow_unsolicited=False)
    assert await reason(ada.placement, await click(unasked.browser, page)) == Refusal.SAML_UNSOLICITED
    await IdentityProvider.filter(id=ada.provider_id).update(allow_unsolicited=True)
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=ATTEMPT_SECONDS + 1)):
        unasked.browser.client.cookies.set(Cookie.SAML_SIGN_IN.value, cookie, domain="127.0.0.1")
        assert await reason(ada.placement, await click(unasked.browser, page)) == Refusal.ATTEMPT_EXPIRED
    assert await sessions(ada) == 0


async def test_s28_the_member_is_shown_by_their_own_address_whatever_the_provider_says(
    unasked: ProviderAtWork, ada: Person
) -> None:
    """Else an attacker could have the page show the victim's address, and sign the victim in as the attacker."""
    await add_person(ada.placement, "eve@acme.example", ada.provider_id)
    first = await sent(unasked, name="eve", attributes=(("email", ("eve@acme.example",)),))
    await click(unasked.browser, first)
    page = await sent(unasked, name="eve", attributes=(("email", (EMAIL,)),))
    assert "eve@acme.example" in page.text
    assert EMAIL not in page.text


async def test_s28_nobody_becomes_a_member_before_they_have_said_yes(unasked: ProviderAtWork, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(provision_members=True)
    page = await sent(unasked, name="new", attributes=(("email", ("new@acme.example",)),))

    async def made() -> int:
        async with tenant_scope(ada.placement, authorization_version=None):
            return await Member.filter(email="new@acme.example").count()

    assert await made() == 0
    assert (await click(unasked.browser, page)).status_code == 303
    assert await made() == 1


async def test_s28_an_answer_to_a_request_is_no_unsolicited_response(unasked: ProviderAtWork, ada: Person) -> None:
    """Taking the others must not make a response good in a browser that has not asked for it."""
    await unasked.depart()
    raw, state = await unasked.answer(), unasked.relay_state
    victim = ProviderAtWork(Browser(unasked.browser.authentication, unasked.browser.double), ada.provider_id)
    forced = await victim.post(raw, RelayState=state)
    assert await reason(ada.placement, forced) == Refusal.SAML_IN_RESPONSE_TO
    assert (await unasked.post(raw)).status_code == 303


async def test_s28_a_connection_that_is_switched_off_takes_none(unasked: ProviderAtWork, ada: Person) -> None:
    page = await sent(unasked)
    await IdentityProvider.filter(id=ada.provider_id).update(enabled=False)
    assert await reason(ada.placement, await click(unasked.browser, page)) == Refusal.NO_IDENTITY_PROVIDER
    assert await reason(ada.placement, await sent(unasked)) == Refusal.ATTEMPT_MISSING


@pytest.mark.parametrize(
    "relay_state", ["https://evil.example", "//evil.example", "javascript:alert(1)", "/docs?" + "x" * 80, "'\"><b>"]
)
async def test_s29_the_providers_relay_state_leads_to_pages_of_ours_only(
    unasked: ProviderAtWork, relay_state: str
) -> None:
    page = await sent(unasked, relay_state)
    assert "<b>" not in page.text
    assert (await click(unasked.browser, page)).headers["location"] == "/graphql"


async def test_s28_signing_in_replaces_the_session_that_the_browser_had(unasked: ProviderAtWork, ada: Person) -> None:
    for _ in range(2):
        await click(unasked.browser, await sent(unasked))
    reasons = [row.revoked_reason for row in await Session.filter(identity_provider_id=ada.provider_id).order_by("id")]
    assert reasons == ["replaced", None]


async def test_s28_the_question_is_answered_at_its_own_tenant_only(unasked: ProviderAtWork, ada: Person) -> None:
    page = await sent(unasked)
    path = f"/saml/globex-auth/confirm/{ada.provider_id}"
    assert ACME in address_of(page)
    assert (await unasked.browser.post(path)).status_code == 404
