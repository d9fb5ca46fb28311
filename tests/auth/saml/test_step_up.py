"""``max_age`` where the provider speaks SAML: it is told to ask anew, and its assertion has to say that it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auth.sso.id_token import CLOCK_SKEW_SECONDS
from auth.sso.saml.names import tag
from models.shared import IdentityProvider, Session
from tests.auth.browser import ACME
from tests.auth.saml.provider_at_work import in_a_moment
from tests.auth.saml.test_sign_in import CONTEXT
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    import httpx2

    from tests.auth.conftest import Person
    from tests.auth.saml.provider_at_work import ProviderAtWork


async def step_up(at_work: ProviderAtWork, authn_instant: str) -> httpx2.Response:
    await at_work.depart(f"/auth/login?tenant={ACME}&max_age=60")
    return await at_work.post(await at_work.answer(authn_instant=authn_instant))


async def test_the_provider_is_told_to_ask_anew_only_when_that_was_wanted(at_work: ProviderAtWork) -> None:
    await at_work.depart()
    assert at_work.request.get("ForceAuthn") is None
    await at_work.depart(f"/auth/login?tenant={ACME}&max_age=60")
    assert at_work.request.get("ForceAuthn") == "true"


async def test_an_assertion_of_an_older_sign_in_signs_nobody_in(at_work: ProviderAtWork, ada: Person) -> None:
    older = in_a_moment(seconds=-60 - CLOCK_SKEW_SECONDS - 20)
    assert is_the_error_page(await step_up(at_work, older))
    assert await Session.filter(identity_provider_id=ada.provider_id).count() == 0
    assert (await at_work.sign_in(authn_instant=older)).status_code == 303
    assert (await step_up(at_work, in_a_moment(seconds=-30))).status_code == 303


async def test_it_is_asked_how_to_ask_and_has_to_say_that_it_did(at_work: ProviderAtWork, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(step_up_acr=CONTEXT)
    await at_work.depart()
    assert at_work.request.find(f".//{tag('a:AuthnContextClassRef')}") is None
    await at_work.depart(f"/auth/login?tenant={ACME}&max_age=60")
    context = at_work.request.find(tag("p:RequestedAuthnContext"))
    assert (context.get("Comparison"), context[0].tag, context[0].text) == (
        "exact",
        tag("a:AuthnContextClassRef"),
        CONTEXT,
    )
    assert (await step_up(at_work, in_a_moment())).status_code == 303
    await IdentityProvider.filter(id=ada.provider_id).update(step_up_acr=f"{CONTEXT}ProtectedTransport")
    assert is_the_error_page(await step_up(at_work, in_a_moment()))
