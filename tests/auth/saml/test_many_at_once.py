"""Many people sign in at the same time: each as themselves, with no more connections to the database than there are."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import pytest

from models.shared import IdentityProvider, Session
from tests.auth.browser import Browser
from tests.auth.conftest import add_person
from tests.auth.saml.provider_at_work import ProviderAtWork

if TYPE_CHECKING:
    from tests.auth.conftest import Person

PEOPLE: Final = 60


@pytest.mark.timeout(300)  # a few seconds of work, on a machine that may have other work
async def test_many_sign_in_at_once_and_each_is_who_they_are(at_work: ProviderAtWork, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(want_encrypted=True)
    people = [await add_person(ada.placement, f"p{number}@acme.example", ada.provider_id) for number in range(PEOPLE)]
    authentication, double = at_work.browser.authentication, at_work.browser.double

    async def sign_in(person: Person) -> tuple[int, str]:
        work = ProviderAtWork(Browser(authentication, double), ada.provider_id, encrypted=True)
        async with work.browser.client:
            answer = await work.sign_in(name=person.email, attributes=(("email", (person.email,)),))
            member = (await work.browser.get("/auth/session")).json().get("member", {})
            return answer.status_code, member.get("email", "")

    found = await asyncio.gather(*(sign_in(person) for person in people))
    assert found == [(303, person.email) for person in people]
    assert await Session.filter(identity_provider_id=ada.provider_id).count() == PEOPLE
