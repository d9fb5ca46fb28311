"""S31 of the security cases, for metadata that has an address: fetched anew in time, and not at anybody's wish."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import httpx2
import pytest
import time_machine

from auth.opening import open_authentication
from auth.sso import rehearsal
from auth.sso.refusal import Refusal
from models.shared import IdentityProvider
from models.tenant import AuditActorKind, AuditEvent
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME, Browser
from tests.auth.provider_double import ProviderDouble
from tests.auth.saml.provider_at_work import ProviderAtWork, in_a_moment, metadata
from tests.auth.saml.test_response_route_attacks import reason

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from typing import Protocol

    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person

    class Opens(Protocol):
        def __call__(self) -> AbstractAsyncContextManager[ProviderAtWork]: ...


ADDRESS: Final = "https://idp.example/metadata"
UNSAFE: Final = metadata(key="attacker").replace("https://idp.example/sso", "http://idp.example/sso")


@dataclass
class Published:
    """What is to be had at the address, and how often it was had."""

    document: str = field(default_factory=metadata)
    status: int = 200
    fetched: int = 0

    def answer(self, request: httpx2.Request) -> httpx2.Response:
        assert str(request.url) == ADDRESS
        self.fetched += 1
        return httpx2.Response(self.status, stream=httpx2.ByteStream(self.document.encode()))


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
async def opens(settings: Settings, database: Database, published: Published, ada: Person) -> Opens:
    """A server that has just started; another one each time."""
    await IdentityProvider.filter(id=ada.provider_id).update(metadata_url=ADDRESS)

    @asynccontextmanager
    async def opened() -> AsyncIterator[ProviderAtWork]:
        transport = httpx2.MockTransport(published.answer)
        async with open_authentication(settings, database.directory, transport=transport) as authentication:
            browser = Browser(authentication, ProviderDouble())
            async with browser.client:
                yield ProviderAtWork(browser, ada.provider_id)

    return opened


def until(document: str, **offset: float) -> str:
    return document.replace("<md:EntityDescriptor", f'<md:EntityDescriptor validUntil="{in_a_moment(**offset)}"', 1)


async def connection(ada: Person) -> IdentityProvider:
    return await IdentityProvider.get(id=ada.provider_id)


async def test_s31_a_key_that_is_not_known_is_looked_for_once_and_then_taken(
    opens: Opens, published: Published, ada: Person
) -> None:
    async with opens() as at_work:
        await at_work.sign_in()
        published.document = metadata(key="idp-next")
        assert (await at_work.sign_in(key="idp-next")).status_code == 303
        assert published.fetched == 2
        assert (await connection(ada)).saml_metadata == published.document
        # The old one is not in it any more.
        assert await reason(ada.placement, await at_work.sign_in(key="idp")) == Refusal.SAML_SIGNATURE
    async with tenant_scope(ada.placement, authorization_version=None):
        event = await AuditEvent.get(action="identity_provider:refresh", subject_id=ada.provider_id)
    assert (event.actor_kind, event.actor_id) == (AuditActorKind.IDENTITY_PROVIDER, ada.provider_id)


async def test_s31_a_forger_does_not_have_us_fetch_as_often_as_they_like(
    opens: Opens, published: Published, ada: Person
) -> None:
    async with opens() as at_work:
        for _ in range(5):
            assert await reason(ada.placement, await at_work.sign_in(key="attacker")) == Refusal.SAML_SIGNATURE
    assert published.fetched == 2  # at the first sign-in, and for the first key that was not known


async def test_s31_a_key_that_is_withdrawn_is_known_a_day_later(
    opens: Opens, published: Published, ada: Person
) -> None:
    async with opens() as at_work:
        await at_work.sign_in()
        published.document = metadata(key="idp-next")
        assert (await at_work.sign_in()).status_code == 303
    async with opens() as at_work:
        assert await reason(ada.placement, await at_work.sign_in()) == Refusal.SAML_SIGNATURE


async def test_a_document_that_ends_is_fetched_anew_before(opens: Opens, published: Published, ada: Person) -> None:
    ends = datetime.now(UTC) + timedelta(hours=20)
    old = until(metadata(), hours=20)
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=old, metadata_expires_at=ends)
    published.document = until(metadata(), days=7)
    async with opens() as at_work:
        assert (await at_work.sign_in()).status_code == 303
    row = await connection(ada)
    assert row.saml_metadata == published.document
    assert row.metadata_expires_at is not None
    assert row.metadata_expires_at > ends + timedelta(days=5)
    assert row.certificate_expires_at is not None


async def test_people_sign_in_while_the_address_does_not_answer_and_it_is_not_asked_each_time(
    opens: Opens, published: Published, ada: Person
) -> None:
    old = until(metadata(), hours=20)
    await IdentityProvider.filter(id=ada.provider_id).update(
        saml_metadata=old, metadata_expires_at=datetime.now(UTC) + timedelta(hours=20)
    )
    published.status = 503
    async with opens() as at_work:
        for _ in range(3):
            assert (await at_work.sign_in()).status_code == 303
        assert published.fetched == 1
        assert (await connection(ada)).saml_metadata == old
        with time_machine.travel(datetime.now(UTC) + timedelta(hours=21)):
            page = await at_work.browser.get(f"/auth/login?tenant={ACME}")
            assert "Sign-in did not work" in page.text


async def test_a_document_that_is_over_comes_to_life_again(opens: Opens, published: Published, ada: Person) -> None:
    over = until(metadata(), days=-1)
    await IdentityProvider.filter(id=ada.provider_id).update(
        saml_metadata=over, metadata_expires_at=datetime.now(UTC) - timedelta(days=1)
    )
    published.document = until(metadata(), days=7)
    async with opens() as at_work:
        assert (await at_work.sign_in()).status_code == 303


@pytest.mark.parametrize(
    "document",
    [
        metadata("https://other.example", key="attacker"),
        "<x/>",
        "",
        metadata(key="attacker").replace("https:", "http:"),
    ],
    ids=["another provider's", "none", "empty", "unsafe"],
)
async def test_s30_what_is_no_metadata_of_this_provider_changes_nothing(
    opens: Opens, published: Published, ada: Person, document: str
) -> None:
    before = (await connection(ada)).saml_metadata
    published.document = document
    async with opens() as at_work:
        assert await reason(ada.placement, await at_work.sign_in(key="attacker")) == Refusal.SAML_SIGNATURE
        assert (await at_work.sign_in()).status_code == 303
    assert (await connection(ada)).saml_metadata == before


async def test_a_dry_run_tries_what_waits_and_the_others_sign_in_by_what_is_in_force(
    opens: Opens, published: Published, ada: Person
) -> None:
    waiting = metadata(key="idp-next")
    await IdentityProvider.filter(id=ada.provider_id).update(staged={"saml_metadata": waiting})
    async with opens() as at_work:
        assert (await at_work.sign_in()).status_code == 303
        # The one that waits does not count for anybody's sign-in.
        assert await reason(ada.placement, await at_work.sign_in(key="idp-next")) == Refusal.SAML_SIGNATURE
        ticket = rehearsal.test_ticket(at_work.browser.authentication.settings, ada.provider_id)
        await at_work.depart(f"/auth/test?ticket={ticket}")
        assert await reason(ada.placement, await at_work.post(await at_work.answer())) == Refusal.SAML_SIGNATURE
        await at_work.depart(f"/auth/test?ticket={ticket}")
        page = await at_work.post(await at_work.answer(key="idp-next"))
        assert "Nobody has been signed in" in page.text
        row = await connection(ada)
        assert (row.saml_metadata, row.staged) == (waiting, None)
        published.document = waiting
        assert (await at_work.sign_in(key="idp-next")).status_code == 303
