"""S33 of the security cases, and signing out by SAML both ways: forged, stale or borrowed words end nothing."""

from __future__ import annotations

import base64
import re
import zlib
from dataclasses import dataclass
from html import unescape
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from lxml import etree

from auth.cookies import Cookie
from auth.sso import provider_sessions
from auth.sso.refusal import Refusal
from auth.sso.saml.names import POST, PREFIXES, REDIRECT, RSA_SHA256, SUCCESS, tag
from models.shared import IdentityProvider, Session
from models.tenant import AuditEvent
from tenancy.scope import tenant_scope
from tests.auth.browser import Browser
from tests.auth.conftest import GLOBEX, add_person
from tests.auth.saml.provider_at_work import ENTITY, ProviderAtWork, add_connection, in_a_moment, metadata
from tests.auth.saml.provider_double import key_pair, new_id, sign, text
from tests.auth.test_sign_in import set_cookies

if TYPE_CHECKING:
    import httpx2

    from tenancy.placement import TenantPlacement
    from tests.auth.conftest import Person

LOGOUT: Final = "https://idp.example/slo"
PERSISTENT: Final = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
CROSS_SITE: Final = {"Origin": "https://idp.example", "Sec-Fetch-Site": "cross-site"}


@dataclass
class LogoutDesk:
    """The provider's side of signing out."""

    work: ProviderAtWork

    @property
    def path(self) -> str:
        return urlsplit(self.work.ours.single_logout).path

    def _message(self, kind: str, changes: dict[str, Any], issuer: str) -> Any:
        root = etree.Element(tag(kind), nsmap={"samlp": PREFIXES["p"], "saml": PREFIXES["a"]})
        honest = {
            "ID": new_id(),
            "Version": "2.0",
            "IssueInstant": in_a_moment(),
            "Destination": self.work.ours.single_logout,
        }
        for name, value in (honest | changes).items():
            if value is not None:
                root.set(name, value)
        etree.SubElement(root, tag("a:Issuer")).text = issuer
        return root

    def request(
        self,
        *,
        name: str = "ada",
        name_format: str | None = PERSISTENT,
        indexes: tuple[str, ...] = ("session-1",),
        issuer: str = ENTITY,
        **changes: Any,
    ) -> Any:
        root = self._message("p:LogoutRequest", changes, issuer)
        element = etree.SubElement(root, tag("a:NameID"))
        element.text = name
        if name_format is not None:
            element.set("Format", name_format)
        for index in indexes:
            etree.SubElement(root, tag("p:SessionIndex")).text = index
        return root

    def response(self, answered: str | None, *, status: str = SUCCESS, issuer: str = ENTITY, **changes: Any) -> Any:
        root = self._message("p:LogoutResponse", {"InResponseTo": answered} | changes, issuer)
        etree.SubElement(etree.SubElement(root, tag("p:Status")), tag("p:StatusCode"), Value=status)
        return root

    def query(self, message: Any, *, key: str = "idp", relay_state: str | None = "their state", **how: Any) -> str:
        kind = "SAMLRequest" if message.tag == tag("p:LogoutRequest") else "SAMLResponse"
        packed = zlib.compress(text(message), wbits=-15)
        parts = [f"{kind}={quote(base64.b64encode(packed), safe='')}"]
        if relay_state is not None:
            parts.append(f"RelayState={quote(relay_state, safe='')}")
        # Escaped in lower case, as AD FS does: what is signed is the text as it is sent.
        parts.append("SigAlg=" + re.sub("%..", lambda found: found[0].lower(), quote(RSA_SHA256, safe="")))
        digest = how.get("digest", SHA256())
        signature = key_pair(key).key.sign("&".join(parts).encode(), PKCS1v15(), digest)
        return "&".join([*parts, f"Signature={quote(base64.b64encode(signature), safe='')}"])

    async def redirect(self, query: str, path: str | None = None) -> httpx2.Response:
        return await self.work.browser.client.get(f"{path or self.path}?{query}")

    async def post(self, message: Any, *, key: str | None = "idp", relay_state: str = "theirs") -> httpx2.Response:
        kind = "SAMLRequest" if message.tag == tag("p:LogoutRequest") else "SAMLResponse"
        raw = text(message if key is None else sign(message, key_pair(key)))
        form = {kind: base64.b64encode(raw).decode(), "RelayState": relay_state}
        return await self.work.browser.client.post(self.path, data=form, headers=CROSS_SITE)

    async def read(self, location: str) -> tuple[Any, dict[str, str]]:
        """A message of ours in an address, once its signature has held."""
        query = urlsplit(location).query
        parameters = {name: values[0] for name, values in parse_qs(query).items()}
        certificate = await self.work.certificate()
        signature = base64.b64decode(parameters["Signature"])
        certificate.public_key().verify(signature, query.partition("&Signature=")[0].encode(), PKCS1v15(), SHA256())
        encoded = parameters.get("SAMLRequest") or parameters["SAMLResponse"]
        return etree.fromstring(zlib.decompress(base64.b64decode(encoded), wbits=-15)), parameters


def with_logout(*bindings: str, answers: str = "") -> str:
    places = "".join(f'<md:SingleLogoutService Binding="{each}" Location="{LOGOUT}"{answers}/>' for each in bindings)
    return metadata().replace("<md:SingleSignOnService", f"{places}<md:SingleSignOnService", 1)


@pytest.fixture
async def desk(at_work: ProviderAtWork, ada: Person) -> LogoutDesk:
    """A provider with a place for logout messages, and ada signed in."""
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=with_logout(REDIRECT, POST))
    assert (await at_work.sign_in()).status_code == 303
    return LogoutDesk(at_work)


async def live(ada: Person) -> int:
    return await Session.filter(identity_provider_id=ada.provider_id, revoked_at=None).count()


async def refused_for(placement: TenantPlacement, answer: httpx2.Response) -> str:
    assert answer.status_code == 400
    reference = answer.headers["x-request-id"]
    assert reference in answer.text
    async with tenant_scope(placement, authorization_version=None):
        event = await AuditEvent.get(action="sign_out:refuse", request_id=reference)
    return str(event.details["reason"])


@pytest.mark.parametrize("binding", ["redirect", "post"])
async def test_a_logout_request_ends_the_session_and_is_answered(desk: LogoutDesk, ada: Person, binding: str) -> None:
    request = desk.request()
    answer = await (desk.redirect(desk.query(request)) if binding == "redirect" else desk.post(request))
    session = await Session.get(identity_provider_id=ada.provider_id)
    assert (session.revoked_at is not None, session.revoked_reason) == (True, "provider_signed_out")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{LOGOUT}?SAMLResponse=")
    said, parameters = await desk.read(answer.headers["location"])
    assert said.tag == tag("p:LogoutResponse")
    assert said.get("InResponseTo") == request.get("ID")
    assert said.get("Destination") == LOGOUT
    assert said.find(tag("a:Issuer")).text == desk.work.ours.entity_id
    assert next(said.iter(tag("p:StatusCode"))).get("Value") == SUCCESS
    assert parameters["RelayState"] == ("their state" if binding == "redirect" else "theirs")
    assert not {Cookie.ACCESS, Cookie.REFRESH} & desk.work.browser.cookies.keys()


async def test_answers_go_where_the_provider_wants_them(desk: LogoutDesk, ada: Person) -> None:
    elsewhere = with_logout(POST, answers=' ResponseLocation="https://idp.example/done"')
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=elsewhere)
    page = await desk.post(desk.request())
    assert re.findall(r'<form method="post" action="([^"]*)"', page.text) == ["https://idp.example/done"]
    assert 'name="SAMLResponse"' in page.text
    assert "<script" not in page.text
    assert await live(ada) == 0


async def test_a_provider_without_a_place_for_answers_gets_none(desk: LogoutDesk, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=metadata())
    answer = await desk.redirect(desk.query(desk.request()))
    assert (answer.status_code, "You are signed out" in answer.text) == (200, True)
    assert await live(ada) == 0


async def test_without_a_session_index_all_sessions_of_the_person_end(desk: LogoutDesk, ada: Person) -> None:
    other = ProviderAtWork(Browser(desk.work.browser.authentication, desk.work.browser.double), ada.provider_id)
    await other.sign_in(session_index="session-2")
    await desk.redirect(desk.query(desk.request(indexes=("session-2", "session-3"))))
    assert await live(ada) == 1
    await desk.redirect(desk.query(desk.request(indexes=())))
    assert await live(ada) == 0


async def test_s33_an_unsigned_logout_request_ends_nothing(desk: LogoutDesk, ada: Person) -> None:
    assert await refused_for(ada.placement, await desk.post(desk.request(), key=None)) == Refusal.SAML_SIGNATURE_MISSING
    query = desk.query(desk.request())
    for cut in (query.partition("&Signature=")[0], query.partition("&SigAlg=")[0]):
        assert await refused_for(ada.placement, await desk.redirect(cut)) == Refusal.SAML_SIGNATURE_MISSING
    assert await live(ada) == 1


async def test_s33_a_signature_of_somebody_else_or_of_something_else_ends_nothing(
    desk: LogoutDesk, ada: Person
) -> None:
    signed = sign(desk.request(name="eve"), key_pair("idp"))
    signed.find(tag("a:NameID")).text = "ada"
    query, other = desk.query(desk.request()), desk.query(desk.request(name="eve"))
    for answer in (
        await desk.post(desk.request(), key="attacker"),
        await desk.post(signed, key=None),
        await desk.redirect(desk.query(desk.request(), key="attacker")),
        await desk.redirect(query.partition("&RelayState=")[0] + "&RelayState=" + other.partition("&RelayState=")[2]),
        await desk.redirect(query.replace("RelayState=their", "RelayState=other")),
        # A signature within the message is none of the query, and does not stand in for it.
        await desk.redirect(desk.query(sign(desk.request(), key_pair("idp")), key="attacker")),
        await desk.redirect(desk.query(sign(desk.request(), key_pair("attacker")))),
    ):
        assert await refused_for(ada.placement, answer) == Refusal.SAML_SIGNATURE
    assert await live(ada) == 1


async def test_s33_a_weak_signature_ends_nothing(desk: LogoutDesk, ada: Person) -> None:
    weak = desk.query(desk.request(), digest=SHA1())  # noqa: S303 - that is what is refused
    assert await refused_for(ada.placement, await desk.redirect(weak)) == Refusal.SAML_SIGNATURE
    named = re.sub("SigAlg=[^&]*", "SigAlg=" + quote("http://www.w3.org/2000/09/xmldsig#rsa-sha1", safe=""), weak)
    assert await refused_for(ada.placement, await desk.redirect(named)) == Refusal.SAML_SIGNATURE_FORM
    assert await live(ada) == 1


async def test_s33_a_query_that_can_be_read_in_two_ways_ends_nothing(desk: LogoutDesk, ada: Person) -> None:
    query = desk.query(desk.request())
    for changed, expected in (
        (query.replace("SAMLRequest=", "%53AMLRequest="), Refusal.SAML_BINDING),
        (query.replace("SigAlg=", "Sig%41lg="), Refusal.SAML_BINDING),
        (f"{query}&{query}", Refusal.PARAMETER_TWICE),
        (f"{query}&SAMLResponse=AAAA", Refusal.SAML_BINDING),
        (f"{query}&SAMLEncoding=other", Refusal.SAML_BINDING),
        (f"{query}&x={'x' * 20_000}", Refusal.SAML_SIZE),
        ("", Refusal.SAML_BINDING),
    ):
        assert await refused_for(ada.placement, await desk.redirect(changed)) == expected
    assert await live(ada) == 1


async def test_s16_a_query_that_unpacks_to_something_huge_is_refused(desk: LogoutDesk, ada: Person) -> None:
    packing = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = packing.compress(b"<a>" + b" " * 9_000_000) + packing.flush()
    assert len(bomb) < 12_000
    signed = urlencode({"SAMLRequest": base64.b64encode(bomb), "SigAlg": RSA_SHA256})
    signature = key_pair("idp").key.sign(signed.encode(), PKCS1v15(), SHA256())
    query = f"{signed}&{urlencode({'Signature': base64.b64encode(signature)})}"
    assert await refused_for(ada.placement, await desk.redirect(query)) == Refusal.SAML_SIZE
    garbage = re.sub("SAMLRequest=[^&]*", "SAMLRequest=AAAA", query)
    assert await refused_for(ada.placement, await desk.redirect(garbage)) == Refusal.SAML_BINDING


@pytest.mark.parametrize("changes", [{"name": "eve"}, {"indexes": ("session-2",)}, {"name_format": None}], ids=str)
async def test_s33_another_name_or_session_is_not_signed_out(
    desk: LogoutDesk, ada: Person, changes: dict[str, Any]
) -> None:
    assert (await desk.redirect(desk.query(desk.request(**changes)))).status_code == 303
    assert await live(ada) == 1
    assert Cookie.REFRESH in desk.work.browser.cookies


async def test_s33_a_logout_request_counts_once(desk: LogoutDesk, ada: Person) -> None:
    query = desk.query(desk.request())
    await desk.redirect(query)
    await desk.work.sign_in()
    assert await refused_for(ada.placement, await desk.redirect(query)) == Refusal.LOGOUT_REPLAYED
    assert await live(ada) == 1


async def test_s33_a_logout_request_that_failed_here_can_be_tried_again(
    desk: LogoutDesk, ada: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = desk.query(desk.request())

    async def fails(*_arguments: object, **_names: object) -> int:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(provider_sessions, "end_provider_sessions", fails)
        assert (await desk.redirect(query)).status_code == 500
    assert await live(ada) == 1
    assert (await desk.redirect(query)).status_code == 303
    assert await live(ada) == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"Destination": "https://gateway.example/saml/other/sls"}, Refusal.SAML_DESTINATION),
        ({"Destination": None}, Refusal.SAML_DESTINATION),
        ({"issuer": "https://other.example"}, Refusal.SAML_ISSUER),
        ({"IssueInstant": "2020-01-01T00:00:00Z"}, Refusal.SAML_ISSUE_INSTANT),
        ({"IssueInstant": "2100-01-01T00:00:00Z"}, Refusal.SAML_ISSUE_INSTANT),
        ({"NotOnOrAfter": "2020-01-01T00:00:00Z"}, Refusal.SAML_ISSUE_INSTANT),
        ({"Version": "1.1"}, Refusal.SAML_VERSION),
        ({"name": ""}, Refusal.SAML_NAME_ID),
        ({"name_format": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, Refusal.SAML_NAME_ID),
    ],
    ids=str,
)
async def test_s33_a_logout_request_that_says_the_wrong_thing_ends_nothing(
    desk: LogoutDesk, ada: Person, changes: dict[str, Any], expected: Refusal
) -> None:
    assert await refused_for(ada.placement, await desk.redirect(desk.query(desk.request(**changes)))) == expected
    assert await refused_for(ada.placement, await desk.post(desk.request(**changes))) == expected
    assert await live(ada) == 1


async def test_s33_a_provider_ends_sessions_of_its_own_connection_only(
    desk: LogoutDesk, ada: Person, globex: TenantPlacement
) -> None:
    twin = await add_connection(globex, saml_metadata=with_logout(REDIRECT))
    await add_person(globex, "owner@globex.example", twin.id)
    theirs = LogoutDesk(ProviderAtWork(desk.work.browser, twin.id, tenant=GLOBEX))
    assert (await theirs.redirect(theirs.query(theirs.request()))).status_code == 303
    assert await refused_for(globex, await theirs.redirect(desk.query(desk.request()))) == Refusal.SAML_DESTINATION
    crossed = theirs.path.replace(GLOBEX, ada.placement.slug)
    assert (await theirs.redirect(theirs.query(theirs.request()), crossed)).status_code == 404
    assert await live(ada) == 1


async def sign_out(desk: LogoutDesk) -> tuple[Any, dict[str, str], httpx2.Response]:
    out = await desk.work.browser.post("/auth/logout")
    request, parameters = await desk.read(out.headers["location"])
    return request, parameters, out


async def test_signing_out_of_ours_signs_out_of_the_providers(desk: LogoutDesk, ada: Person) -> None:
    request, parameters, out = await sign_out(desk)
    assert (out.status_code, await live(ada)) == (303, 0)
    assert out.headers["location"].startswith(f"{LOGOUT}?SAMLRequest=")
    assert request.tag == tag("p:LogoutRequest")
    assert request.get("Destination") == LOGOUT
    name = request.find(tag("a:NameID"))
    assert (name.text, dict(name.attrib)) == ("ada", {"Format": PERSISTENT})
    assert request.find(tag("p:SessionIndex")).text == "session-1"
    assert set_cookies(out).keys() == {Cookie.ACCESS, Cookie.REFRESH, Cookie.SAML_SIGN_OUT}
    back = await desk.redirect(
        desk.query(desk.response(request.get("ID")), relay_state=parameters["RelayState"]),
    )
    assert (back.status_code, back.headers["location"]) == (303, "/auth/logout")
    assert desk.work.browser.cookies == {}
    assert "You are signed out" in (await desk.work.browser.get("/auth/logout")).text


async def test_what_is_kept_for_signing_out_cannot_be_read_in_the_database(desk: LogoutDesk, ada: Person) -> None:
    await desk.work.sign_in(name="canary-name")
    rows = await Session.filter(identity_provider_id=ada.provider_id)
    assert all(row.logout_name_encrypted is not None for row in rows)
    assert not any(b"canary" in (row.logout_name_encrypted or b"") for row in rows)
    # Read with another session's key it does not open, and signing out here works all the same.
    await Session.filter(id=rows[0].id).update(logout_name_encrypted=b"x" * 60)
    out = await desk.work.browser.post("/auth/logout")
    assert (out.status_code, out.headers["location"]) == (303, "/auth/logout")


async def test_signing_out_goes_nowhere_if_the_provider_has_no_place_for_it(desk: LogoutDesk, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=metadata())
    out = await desk.work.browser.post("/auth/logout")
    assert (out.status_code, out.headers["location"], await live(ada)) == (303, "/auth/logout", 0)


async def test_a_provider_that_takes_forms_only_is_told_by_one(desk: LogoutDesk, ada: Person) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=with_logout(POST))
    page = await desk.work.browser.post("/auth/logout")
    assert re.findall(r'<form method="post" action="([^"]*)"', page.text) == [LOGOUT]
    fields = dict(re.findall(r'name="(SAMLRequest|RelayState)" value="([^"]*)"', page.text))
    request = etree.fromstring(base64.b64decode(unescape(fields["SAMLRequest"])))
    back = await desk.post(desk.response(request.get("ID")), relay_state=fields["RelayState"])
    assert (back.status_code, back.headers["location"]) == (303, "/auth/logout")


@pytest.mark.parametrize(
    ("changes", "key", "expected"),
    [
        ({"answered": "_other"}, "idp", Refusal.SAML_IN_RESPONSE_TO),
        ({"answered": None}, "idp", Refusal.SAML_IN_RESPONSE_TO),
        ({"status": "urn:oasis:names:tc:SAML:2.0:status:Responder"}, "idp", Refusal.SAML_STATUS),
        ({"issuer": "https://other.example"}, "idp", Refusal.SAML_ISSUER),
        ({"Destination": "https://other.example"}, "idp", Refusal.SAML_DESTINATION),
        ({"IssueInstant": "2020-01-01T00:00:00Z"}, "idp", Refusal.SAML_ISSUE_INSTANT),
        ({}, "attacker", Refusal.SAML_SIGNATURE),
    ],
    ids=str,
)
async def test_s33_a_logout_response_that_does_not_hold_is_not_taken_for_a_sign_out(
    desk: LogoutDesk, ada: Person, changes: dict[str, Any], key: str, expected: Refusal
) -> None:
    request, parameters, _ = await sign_out(desk)
    response = desk.response(**({"answered": request.get("ID")} | changes))
    back = await desk.redirect(desk.query(response, key=key, relay_state=parameters["RelayState"]))
    assert await refused_for(ada.placement, back) == expected
    assert "has not confirmed" in back.text


async def test_s33_a_logout_response_to_another_browser_is_refused(desk: LogoutDesk, ada: Person) -> None:
    request, parameters, _ = await sign_out(desk)
    stranger = LogoutDesk(
        ProviderAtWork(Browser(desk.work.browser.authentication, desk.work.browser.double), ada.provider_id)
    )
    query = desk.query(desk.response(request.get("ID")), relay_state=parameters["RelayState"])
    assert await refused_for(ada.placement, await stranger.redirect(query)) == Refusal.ATTEMPT_MISSING
    wrong = desk.query(desk.response(request.get("ID")), relay_state="other")
    assert await refused_for(ada.placement, await desk.redirect(wrong)) == Refusal.SAML_RELAY_STATE


async def test_s33_an_attempt_to_sign_out_is_none_to_sign_in(desk: LogoutDesk, ada: Person) -> None:
    request, parameters, _ = await sign_out(desk)
    work = desk.work
    work.browser.client.cookies.set(
        Cookie.SAML_SIGN_IN.value, work.browser.cookies[Cookie.SAML_SIGN_OUT], domain="127.0.0.1"
    )
    work.request, work.relay_state = request, parameters["RelayState"]
    assert (await work.post(await work.answer())).status_code == 400
    assert await live(ada) == 0
