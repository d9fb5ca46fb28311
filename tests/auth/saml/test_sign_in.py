"""A person signs in by SAML: off with a signed request, back with a response, through the real routes."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from auth.cookies import Cookie
from auth.opening import open_authentication
from auth.sso import rehearsal
from auth.sso.attempt import ATTEMPT_SECONDS
from auth.sso.saml.certificate import trusted_key
from auth.sso.saml.guard import parsed
from auth.sso.saml.names import POST, tag
from auth.sso.saml.signature import verified
from models.shared import ConsumedMessage, IdentityProvider, Session, SigningPolicy
from models.tenant import Member
from tenancy.scope import tenant_scope
from tests.auth.browser import ACME, Browser
from tests.auth.provider_double import ProviderDouble
from tests.auth.saml.provider_at_work import EMAIL, ENTITY, SIGN_ON, ProviderAtWork, in_a_moment, metadata
from tests.auth.test_sign_in import attributes, is_the_error_page, policy, set_cookies

if TYPE_CHECKING:
    from settings import Settings
    from tenancy.database import Database
    from tests.auth.conftest import Person

CONTEXT: Final = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"


async def member(person: Person) -> Member:
    async with tenant_scope(person.placement, authorization_version=None):
        return await Member.get(id=person.member_id)


async def test_the_request_says_who_asks_for_what_and_where_to_answer(at_work: ProviderAtWork) -> None:
    departure = await at_work.depart()
    assert departure.status_code == 303
    assert departure.headers["location"].startswith(f"{SIGN_ON}?SAMLRequest=")
    request = at_work.request
    assert request.tag == tag("p:AuthnRequest")
    assert request.get("Destination") == SIGN_ON
    assert request.get("AssertionConsumerServiceURL") == at_work.ours.assertion_consumer
    assert request.find(tag("a:Issuer")).text == at_work.ours.entity_id
    assert len(request.get("ID")) > 40
    assert len(at_work.relay_state) <= 80
    assert at_work.relay_state not in request.get("ID")


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("signed", SigningPolicy, ids=[each.value for each in SigningPolicy])
async def test_a_person_signs_in_and_lands_where_they_wanted(
    at_work: ProviderAtWork, ada: Person, signed: SigningPolicy, *, encrypted: bool
) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(signing_policy=signed, want_encrypted=encrypted)
    at_work.policy, at_work.encrypted = signed, encrypted
    await at_work.depart(f"/auth/login?tenant={ACME}&next=/docs")
    arrival = await at_work.post(await at_work.answer())
    assert (arrival.status_code, arrival.headers["location"]) == (303, "/docs")
    assert arrival.headers["cache-control"] == "no-store"
    session = (await at_work.browser.get("/auth/session")).json()
    assert (session["tenant"]["slug"], session["member"]["email"]) == (ACME, EMAIL)
    assert Cookie.SAML_SIGN_IN not in at_work.browser.cookies


async def test_the_session_remembers_what_the_provider_said(at_work: ProviderAtWork, ada: Person) -> None:
    proof = datetime.now(UTC) - timedelta(minutes=4)
    await at_work.sign_in(authn_instant=in_a_moment(minutes=-4))
    session = await Session.get(identity_provider_id=ada.provider_id)
    assert (session.provider_session, session.acr) == ("session-1", CONTEXT)
    assert session.provider_subject_digest is not None
    assert abs(session.authenticated_at - proof) < timedelta(seconds=30)
    assert str((await member(ada)).subject).startswith("saml:")


async def test_a_session_lasts_no_longer_than_the_provider_wants(at_work: ProviderAtWork, ada: Person) -> None:
    await at_work.sign_in(session_not_on_or_after=in_a_moment(minutes=30))
    session = await Session.get(identity_provider_id=ada.provider_id)
    assert session.expires_at <= datetime.now(UTC) + timedelta(minutes=30)
    assert session.idle_expires_at <= session.expires_at


async def test_a_provider_that_wants_sessions_to_last_for_ever_does_not_get_that(
    at_work: ProviderAtWork, ada: Person
) -> None:
    assert (await at_work.sign_in(session_not_on_or_after="9999-12-31T23:59:59Z")).status_code == 303
    session = await Session.get(identity_provider_id=ada.provider_id)
    seconds = at_work.browser.authentication.settings.session_absolute_seconds
    assert session.expires_at <= datetime.now(UTC) + timedelta(seconds=seconds)


async def test_the_second_sign_in_finds_the_member_by_name_and_not_by_address(
    at_work: ProviderAtWork, ada: Person
) -> None:
    await at_work.sign_in()
    assert (await at_work.sign_in(attributes=())).status_code == 303
    assert await Session.filter(identity_provider_id=ada.provider_id, member_id=ada.member_id).count() == 2


async def test_signing_in_while_signed_in_ends_the_session_before(at_work: ProviderAtWork, ada: Person) -> None:
    """Though the browser attaches no cookie of that session to what the provider has it post."""
    await at_work.sign_in()
    await at_work.depart()
    kept = {name: value for name, value in at_work.browser.cookies.items() if name == Cookie.SAML_SIGN_IN}
    at_work.browser.client.cookies.clear()
    for name, value in kept.items():
        at_work.browser.client.cookies.set(name, value, domain="127.0.0.1")
    assert (await at_work.post(await at_work.answer())).status_code == 303
    reasons = [row.revoked_reason for row in await Session.filter(identity_provider_id=ada.provider_id).order_by("id")]
    assert reasons == ["replaced", None]


async def test_a_provider_that_takes_forms_only_gets_one_with_a_button(at_work: ProviderAtWork, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=metadata(bindings=(POST,)))
    page = await at_work.browser.get(f"/auth/login?tenant={ACME}")
    assert page.status_code == 200
    assert policy(page)["form-action"] == ["'self'", "https://idp.example"]
    assert policy(page)["default-src"] == ["'none'"]
    assert "<script" not in page.text
    assert "Continue to Test provider" in page.text
    fields = dict(re.findall(r'name="(SAMLRequest|RelayState)" value="([^"]*)"', page.text))
    assert re.findall(r'<form method="post" action="([^"]*)"', page.text) == [SIGN_ON]
    at_work.relay_state = fields["RelayState"]
    await _check_signature(at_work, fields["SAMLRequest"])
    assert (await at_work.post(await at_work.answer())).status_code == 303


async def _check_signature(at_work: ProviderAtWork, encoded: str) -> None:
    der = (await at_work.certificate()).public_bytes(Encoding.DER)
    key = trusted_key(base64.b64encode(der).decode())
    at_work.request = verified(parsed(base64.b64decode(encoded)), [key])
    assert at_work.request.get("Destination") == SIGN_ON


async def test_a_dry_run_shows_what_the_provider_says_and_signs_nobody_in(at_work: ProviderAtWork, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(enabled=False)
    ticket = rehearsal.test_ticket(at_work.browser.authentication.settings, ada.provider_id)
    await at_work.depart(f"/auth/test?ticket={ticket}")
    page = await at_work.post(await at_work.answer(attributes=(("email", (EMAIL,)), ("team", ("a", "b")))))
    assert page.status_code == 200
    for shown in ("Nobody has been signed in", EMAIL, "NameID", "team", "This member would be signed in."):
        assert shown in page.text
    assert await Session.filter(identity_provider_id=ada.provider_id).count() == 0
    assert (await IdentityProvider.get(id=ada.provider_id)).tested_at is not None
    assert (await member(ada)).subject is None


async def test_a_dry_run_says_why_an_address_finds_nobody(at_work: ProviderAtWork, ada: Person) -> None:
    ticket = rehearsal.test_ticket(at_work.browser.authentication.settings, ada.provider_id)
    await at_work.depart(f"/auth/test?ticket={ticket}")
    page = await at_work.post(await at_work.answer(attributes=(("email", ("ada@elsewhere.example",)),)))
    assert "outside the organisation&#x27;s verified domains" in page.text


async def test_the_cookie_comes_back_with_a_form_of_another_site(at_work: ProviderAtWork) -> None:
    departure = await at_work.depart()
    # Plain http is for a developer's machine, where the provider is on the same site.
    assert "samesite=lax" in attributes(set_cookies(departure)[Cookie.SAML_SIGN_IN])
    assert f"max-age={ATTEMPT_SECONDS}" in attributes(set_cookies(departure)[Cookie.SAML_SIGN_IN])


async def test_j13_the_cookie_over_https_is_for_a_form_of_another_site_and_for_no_other_host(
    settings: Settings, database: Database, ada: Person
) -> None:
    assert ada.email == EMAIL
    https = settings.model_copy(update={"public_url": "https://gateway.example"})
    async with open_authentication(https, database.directory) as opened:
        at_work = ProviderAtWork(Browser(opened, ProviderDouble()), ada.provider_id)
        departure = await at_work.depart()
        kept = set_cookies(departure)
        assert list(kept) == [f"__Host-{Cookie.SAML_SIGN_IN}"]
        assert attributes(kept[f"__Host-{Cookie.SAML_SIGN_IN}"]) >= {"httponly", "samesite=none", "path=/", "secure"}
        arrival = await at_work.post(await at_work.answer())
        assert arrival.status_code == 303
        for name in (Cookie.ACCESS, Cookie.REFRESH):
            assert attributes(set_cookies(arrival)[f"__Host-{name}"]) >= {"httponly", "samesite=lax", "secure"}


async def test_a_tenants_only_connection_has_short_addresses(at_work: ProviderAtWork, ada: Person) -> None:
    short = await at_work.browser.get(f"/saml/{ACME}/metadata")
    assert short.headers["content-type"] == "application/samlmetadata+xml"
    document = etree.fromstring(short.content)
    assert document.get("entityID") == at_work.ours.entity_id
    place = next(document.iter(tag("m:AssertionConsumerService"))).get("Location")
    assert urlsplit(place).path == f"/saml/{ACME}/acs"
    await at_work.depart()
    raw = await at_work.answer(recipient=place, destination=place)
    assert (await at_work.post(raw, path=f"/saml/{ACME}/acs")).status_code == 303
    await IdentityProvider.create(
        tenant_id=ada.placement.tenant_id,
        name="Second",
        kind="saml",
        issuer=ENTITY + "/2",
        saml_metadata="x",
        enabled=True,
    )
    for answer in (await at_work.browser.get(f"/saml/{ACME}/metadata"), await at_work.post(raw, path="/saml/acme/acs")):
        assert answer.status_code == 404


async def test_the_metadata_shows_a_key_to_encrypt_with_once_that_is_wanted_or_waits_for_a_test(
    at_work: ProviderAtWork, ada: Person
) -> None:
    async def shown() -> bool:
        return 'use="encryption"' in (await at_work.browser.get(f"/saml/{ACME}/metadata/{ada.provider_id}")).text

    assert not await shown()
    await IdentityProvider.filter(id=ada.provider_id).update(staged={"want_encrypted": True})
    assert await shown()
    await IdentityProvider.filter(id=ada.provider_id).update(staged=None, want_encrypted=True)
    assert await shown()


async def test_the_metadata_of_a_connection_is_there_before_the_providers(at_work: ProviderAtWork, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=None, enabled=False)
    answer = await at_work.browser.get(f"/saml/{ACME}/metadata/{ada.provider_id}")
    assert answer.status_code == 200
    assert etree.fromstring(answer.content).get("entityID") == at_work.ours.entity_id
    assert (await at_work.browser.get(f"/saml/{ACME}/metadata")).status_code == 200


async def test_nobody_is_sent_to_a_provider_whose_metadata_is_not_there(at_work: ProviderAtWork, ada: Person) -> None:
    for document in (None, "", "<x/>", metadata("https://other.example")):
        await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=document)
        assert is_the_error_page(await at_work.browser.get(f"/auth/login?tenant={ACME}"))


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"attributes": (("mail", (EMAIL,)),)}, 303),
        ({"attributes": (("urn:oid:0.9.2342.19200300.100.1.3", (EMAIL,)),)}, 303),
        (
            {"name": EMAIL, "attributes": (), "name_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"},
            303,
        ),
        ({"name": EMAIL, "attributes": ()}, 400),
        ({"attributes": (("email", (EMAIL, "eve@acme.example")),)}, 400),
        ({"attributes": (("email", ("ada@evil.example",)),)}, 400),
        ({"attributes": (("contact", (EMAIL,)),)}, 400),
    ],
    ids=["mail", "oid", "name", "another kind of name", "two", "foreign domain", "unknown name"],
)
async def test_a_member_is_found_by_the_address_that_the_provider_gives(
    at_work: ProviderAtWork, changes: dict[str, Any], status: int
) -> None:
    assert (await at_work.sign_in(**changes)).status_code == status


async def test_o17_where_the_connection_names_a_word_for_it_an_address_has_to_be_called_verified(
    at_work: ProviderAtWork, ada: Person
) -> None:
    names = {"email": "contact", "email_verified": "checked"}
    await IdentityProvider.filter(id=ada.provider_id).update(claim_names=names)
    unchecked: tuple[Any, ...] = (("contact", (EMAIL,)),)
    assert is_the_error_page(await at_work.sign_in(attributes=unchecked))
    assert is_the_error_page(await at_work.sign_in(attributes=(*unchecked, ("checked", ("false",)))))
    assert (await at_work.sign_in(attributes=(*unchecked, ("checked", ("true",))))).status_code == 303


@pytest.mark.usefixtures("ada")
async def test_nothing_of_a_response_gets_into_the_log(
    at_work: ProviderAtWork, capsys: pytest.CaptureFixture[str]
) -> None:
    await at_work.sign_in(name="canary-name")
    await at_work.post(await at_work.answer(name="canary-name", audience="https://canary.example"))
    assert await ConsumedMessage.filter().count() >= 2
    logged = capsys.readouterr()
    for secret in ("canary", at_work.relay_state, at_work.request.get("ID"), EMAIL, "session-1"):
        assert secret not in logged.out + logged.err
