"""Our own messages: valid by the schema, and signed so that others can tell."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
import xmlsec
from lxml import etree
from saml2.samlp import authn_request_from_string, logout_request_from_string
from saml2.sigver import RSACrypto, verify_redirect_signature

from auth.sso.attempt import new_attempt
from auth.sso.provider import Provider
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.authn_request import authn_request
from auth.sso.saml.guard import guarded
from auth.sso.saml.name_id import NameId
from auth.sso.saml.names import PERSISTENT, POST, REDIRECT, tag
from auth.sso.saml.outgoing import MessageKind, outgoing
from auth.sso.saml.outgoing_logout import logout_name, logout_request, logout_response
from auth.sso.saml.schemas import is_valid
from tests.auth.saml.provider_double import ISSUER, key_pair
from tests.auth.saml.test_service_provider import OURS, pair

if TYPE_CHECKING:
    from collections.abc import Callable

PROVIDER: Final = Provider(UUID(int=1), UUID(int=2), ISSUER, "", None)
NOW: Final = datetime.now(UTC)
ATTRIBUTES: Final = {
    "Format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
    "SPNameQualifier": OURS.entity_id,
}
NAME: Final = logout_name(NameId(PERSISTENT, ISSUER, "ada <&> ü", ATTRIBUTES))

MESSAGES: Final[dict[str, Callable[[str], Any]]] = {
    "authn request": lambda to: authn_request(OURS, to, new_attempt(PROVIDER, "/docs"), NOW),
    "forced": lambda to: authn_request(OURS, to, new_attempt(PROVIDER, "/docs", max_age=0), NOW),
    "logout request": lambda to: logout_request(OURS, to, "_1", NOW, name=NAME, provider_session="session <&>"),
    "logout of all": lambda to: logout_request(OURS, to, "_1", NOW, name=NAME, provider_session=None),
    "logout response": lambda to: logout_response(OURS, to, "_theirs", NOW),
}
each_message = pytest.mark.parametrize("build", MESSAGES.values(), ids=MESSAGES)


@each_message
def test_it_is_valid_and_names_where_it_goes(build: Callable[[str], Any]) -> None:
    message = build("https://idp.example/sso?a=1&b=2")
    read = etree.fromstring(etree.tostring(message))
    assert is_valid(read.getroottree())
    assert read.get("Destination") == "https://idp.example/sso?a=1&b=2"
    assert read.find(tag("a:Issuer")).text == OURS.entity_id


@each_message
def test_posted_it_is_valid_and_xmlsec_finds_the_signature_good(build: Callable[[str], Any]) -> None:
    sent = outgoing(MessageKind.REQUEST, build, {POST: "https://idp.example/post"}, pair("current"), relay_state=None)
    assert sent.fields is not None
    assert sent.fields.keys() == {"SAMLRequest"}
    read = etree.fromstring(base64.b64decode(sent.fields["SAMLRequest"]))
    assert is_valid(read.getroottree())
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(
        base64.b64decode("".join(next(read.iter(tag("ds:X509Certificate"))).text.split())),
        xmlsec.constants.KeyDataFormatCertDer,
    )
    context.register_id(read, "ID")
    context.verify(read.find(tag("ds:Signature")))
    read.set("Destination", "https://other.example")
    with pytest.raises(xmlsec.Error):
        context.verify(read.find(tag("ds:Signature")))


def test_the_logout_messages_are_such_as_we_take_ourselves() -> None:
    for name, kind in (("logout request", "p:LogoutRequest"), ("logout response", "p:LogoutResponse")):
        assert guarded(etree.tostring(MESSAGES[name]("https://idp.example/slo")), kind) is not None


def test_a_name_is_repeated_to_the_letter() -> None:
    name = MESSAGES["logout request"]("https://idp.example/slo").find(tag("a:NameID"))
    assert (name.text, dict(name.attrib)) == ("ada <&> ü", ATTRIBUTES)


def test_an_address_keeps_the_query_that_it_has() -> None:
    location = "https://idp.example/sso?tenant=a&b=%20"
    sent = outgoing(
        MessageKind.REQUEST, MESSAGES["authn request"], {REDIRECT: location}, pair("current"), relay_state="x y"
    )
    assert sent.fields is None
    assert sent.address.startswith(f"{location}&SAMLRequest=")
    query = parse_qs(urlsplit(sent.address).query)
    assert (query["tenant"], query["b"], query["RelayState"]) == (["a"], [" "], ["x y"])


def test_a_provider_with_neither_binding_can_not_be_told() -> None:
    with pytest.raises(SignInRefusedError) as refused:
        outgoing(MessageKind.REQUEST, MESSAGES["forced"], {}, pair("current"), relay_state=None)
    assert refused.value.reason is Refusal.SAML_BINDING


def test_two_attempts_have_different_requests() -> None:
    attempts = [replace(new_attempt(PROVIDER, "/docs"), return_path=path) for path in ("/docs", "/graphql")]
    ids = {authn_request(OURS, ISSUER, attempt, NOW).get("ID") for attempt in attempts}
    assert len(ids) == len(attempts)


@pytest.mark.parametrize("name", ["authn request", "logout request"])
def test_another_implementation_verifies_the_query_and_reads_the_message(name: str) -> None:
    sent = outgoing(
        MessageKind.REQUEST, MESSAGES[name], {REDIRECT: "https://idp.example/sso"}, pair("current"), relay_state="state"
    )
    query = {key: values[0] for key, values in parse_qs(urlsplit(sent.address).query).items()}
    crypto = RSACrypto(None)
    assert verify_redirect_signature(query, crypto, key_pair("current").certificate_text)
    assert not verify_redirect_signature(query, crypto, key_pair("retired").certificate_text)
    assert not verify_redirect_signature(query | {"RelayState": "other"}, crypto, key_pair("current").certificate_text)
    read = {"authn request": authn_request_from_string, "logout request": logout_request_from_string}[name]
    message = read(zlib.decompress(base64.b64decode(query["SAMLRequest"]), wbits=-15))
    assert message.issuer.text == OURS.entity_id
    if name == "authn request":
        assert message.assertion_consumer_service_url == OURS.assertion_consumer
        assert message.name_id_policy.allow_create == "true"
    else:
        assert (message.name_id.text, message.session_index[0].text) == ("ada <&> ü", "session <&>")
