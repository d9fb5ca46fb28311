"""A connection whose secret or key does not open, as under another key encryption key: it alone keeps people out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from auth.sso.connection import OPERATOR, Connections
from auth.sso.look_ups import LookUps
from auth.sso.outbound import Outbound
from auth.sso.provider import as_provider, seal_client_secret
from auth.sso.provider_sessions import subject_digest
from models.shared import IdentityProvider, IdentityProviderKind, ServiceProviderKey, Session
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME
from tests.auth.provider_double import CLIENT_SECRET, ISSUER
from tests.auth.saml.provider_at_work import add_connection
from tests.auth.test_sign_in import is_the_error_page

if TYPE_CHECKING:
    from settings import Settings
    from tests.auth.browser import Browser
    from tests.auth.conftest import Person

REASON = "secret_of_the_connection_does_not_open"


@pytest.fixture
async def broken(settings: Settings, member: Person) -> IdentityProvider:
    """The second of acme's connections."""
    row = IdentityProvider(
        tenant_id=member.placement.tenant_id, name="Broken", issuer=f"{ISSUER}/second", client_id="x", enabled=True
    )
    other = settings.model_copy(update={"key_encryption_key_bytes": bytes(32)})
    row.client_secret = seal_client_secret(other, row.id, CLIENT_SECRET)
    await row.save(force_create=True)
    return row


async def test_the_others_are_offered_and_let_people_in(
    browser: Browser, member: Person, broken: IdentityProvider
) -> None:
    page = await browser.get(f"/auth/login?tenant={ACME}")
    assert page.status_code == 200
    for connection_id in (member.provider_id, broken.id):
        assert f'value="{connection_id}"' in page.text
    await browser.follow(f"/auth/login?tenant={ACME}&provider={member.provider_id}")
    assert (await browser.get(browser.answer())).status_code == 303
    assert (await browser.get("/auth/session")).status_code == 200


async def test_it_gives_the_one_error_and_the_log_has_the_reason(
    browser: Browser, broken: IdentityProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = await browser.get(f"/auth/login?tenant={ACME}&provider={broken.id}")
    assert is_the_error_page(answer)
    assert answer.status_code == 400
    logged = capsys.readouterr()
    assert REASON in logged.out + logged.err
    assert str(broken.id) in logged.out + logged.err
    assert CLIENT_SECRET not in logged.out + logged.err + answer.text


async def test_so_it_does_where_it_is_the_only_one(
    browser: Browser, member: Person, broken: IdentityProvider, capsys: pytest.CaptureFixture[str]
) -> None:
    await IdentityProvider.filter(id=member.provider_id).update(enabled=False)
    answer = await browser.get(f"/auth/login?tenant={ACME}")
    assert is_the_error_page(answer)
    assert answer.status_code == 400
    logged = capsys.readouterr()
    assert str(broken.id) in logged.out + logged.err


async def test_its_people_are_signed_out_as_ever(browser: Browser, member: Person, settings: Settings) -> None:
    """What ends a session takes no secret."""
    await browser.sign_in()
    other = settings.model_copy(update={"key_encryption_key_bytes": bytes(32)})
    sealed = seal_client_secret(other, member.provider_id, CLIENT_SECRET)
    await IdentityProvider.filter(id=member.provider_id).update(client_secret=sealed)
    session = await Session.get(identity_provider_id=member.provider_id)
    await Session.filter(id=session.id).update(
        provider_session="sid-1", provider_subject_digest=subject_digest(member.provider_id, "x")
    )
    answer = await browser.get(f"/auth/frontchannel-logout/{member.provider_id}?iss={ISSUER}&sid=sid-1")
    assert answer.status_code == 200
    assert (await Session.get(id=session.id)).revoked_at is not None
    assert (await browser.post("/auth/logout")).status_code == 303


async def test_its_owner_is_told_and_a_new_secret_mends_it(
    settings: Settings, member: Person, broken: IdentityProvider
) -> None:
    outbound = Outbound(settings)
    connections = Connections(settings, outbound, LookUps(8))
    async with tenant_scope(member.placement, authorization_version=None):
        views = {view.id: view for view in await connections.views(await connections.all(), broken.created_at)}
        mended = await connections.update(OPERATOR, broken.id, {"client_secret": CLIENT_SECRET})
        (view,) = await connections.views([mended], broken.created_at)
    await outbound.close()
    assert [each.code for each in views[broken.id].warnings] == ["client_secret_unreadable"]
    assert views[member.provider_id].warnings == view.warnings == []
    assert as_provider(settings, await IdentityProvider.get(id=broken.id)).client_secret == CLIENT_SECRET


async def test_so_it_is_with_our_key_in_a_saml_connection(
    settings: Settings, browser: Browser, member: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    connection = await add_connection(member.placement)
    address = f"/auth/login?tenant={ACME}&provider={connection.id}"
    metadata = f"/saml/{ACME}/metadata/{connection.id}"
    assert (await browser.get(address)).status_code == 303
    (ours,) = await ServiceProviderKey.filter(identity_provider_id=connection.id)
    await ServiceProviderKey.filter(id=ours.id).update(private_key_encrypted=b"sealed otherwise" * 8)
    for path in (address, metadata):
        answer = await browser.get(path)
        assert is_the_error_page(answer)
        assert answer.status_code == 400
        logged = capsys.readouterr()
        assert REASON in logged.out + logged.err
    assert (await browser.get(f"/auth/login?tenant={ACME}")).status_code == 200
    # A new key mends it, although the one before opens no better than it did.
    outbound = Outbound(settings)
    async with tenant_scope(member.placement, authorization_version=None):
        await Connections(settings, outbound, LookUps(8)).rotate_key(OPERATOR, connection.id)
    await outbound.close()
    assert connection.kind is IdentityProviderKind.SAML
    assert (await browser.get(address)).status_code == 303
    assert (await browser.get(metadata)).status_code == 200
