"""O3 where the provider does not say who answers, which most do not (RFC 9700, 4.4: mix-up).

Somebody runs a provider of a tenant of theirs. A person who comes to it is sent on to another tenant's provider, with
our client there and the challenge and nonce of a sign-in that the attacker has begun themselves. That provider knows
the person and sends them back to us with a code. Were it redeemed at the attacker's provider, they could finish their
own sign-in with it, as that person.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

import pytest

from models.shared import Session
from tests.auth.browser import ACME, Browser
from tests.auth.conftest import GLOBEX, add_person, add_provider
from tests.auth.provider_double import CODE, ISSUER
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person


@pytest.fixture
async def attackers(globex: TenantPlacement) -> Person:
    """Somebody of globex, whose provider does as its owner likes."""
    return await add_person(globex, "owner@globex.example", (await add_provider(globex, ISSUER)).id)


def silent(browser: Browser) -> Browser:
    """The same browser, whose providers neither promise nor send the issuer."""
    browser.double.discovery = {"authorization_response_iss_parameter_supported": ...}
    browser.double.callback = {"iss": ...}
    return browser


async def test_o3_a_code_that_comes_back_to_another_connections_address_is_not_redeemed(
    browser: Browser, member: Person, attackers: Person
) -> None:
    silent(browser)
    await browser.depart(ACME)
    victims_provider_sends_to = urlsplit(browser.double.authorization["redirect_uri"][0]).path
    await browser.depart(GLOBEX)
    attackers_provider_sends_to = urlsplit(browser.double.authorization["redirect_uri"][0]).path
    assert victims_provider_sends_to != attackers_provider_sends_to
    for path in (victims_provider_sends_to, "/auth/callback"):
        await browser.depart(GLOBEX)
        query = urlencode({"code": CODE, "state": browser.double.authorization["state"][0]})
        assert is_the_error_page(await browser.get(f"{path}?{query}"))
    assert browser.double.requests["token"] == 0, "nobody has seen the code"
    assert await Session.filter(identity_provider_id__in=[member.provider_id, attackers.provider_id]).count() == 0


async def test_o3_at_its_own_address_the_same_code_is(browser: Browser, member: Person) -> None:
    answer = await silent(browser).sign_in()
    assert (answer.status_code, browser.double.requests["token"]) == (303, 1)
    assert str(member.provider_id) in browser.double.authorization["redirect_uri"][0]
