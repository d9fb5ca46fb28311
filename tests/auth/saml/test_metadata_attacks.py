"""Metadata of identity providers: read as far as it is plain, and refused or warned about where it is not."""

from __future__ import annotations

import base64
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import httpx2
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from auth.sso.outbound import MAX_BYTES, Outbound
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.metadata import IdentityProviderMetadata, MetadataWarning, fetched_metadata, read_metadata
from auth.sso.saml.names import POST, REDIRECT
from auth.sso.saml.response import verified_assertion
from tests.auth.saml.provider_double import CASES, ISSUER, NOW, at, key_pair, text
from tests.auth.test_outbound_attacks import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings

CASE: Final = CASES[1]
SIGN_ON: Final = (
    f'<md:SingleSignOnService Binding="{REDIRECT}" Location="https://idp.example/sso?a=1&amp;b=2"/>'
    f'<md:SingleSignOnService Binding="{POST}" Location="https://idp.example/sso/post"/>'
)
LOGOUT: Final = (
    f'<md:SingleLogoutService Binding="{POST}" Location="https://idp.example/slo"'
    ' ResponseLocation="https://idp.example/slo/done"/>'
    '<md:SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="http://10.0.0.1/soap"/>'
)
# As they are within a certificate (RFC 8017, appendix C).
SHA256_WITH_RSA: Final = bytes.fromhex("2a864886f70d01010b")
SHA1_WITH_RSA: Final = bytes.fromhex("2a864886f70d010105")
SAML: Final = "urn:oasis:names:tc:SAML:2.0:protocol"


def key(name: str = "idp", *, use: str | None = "signing") -> str:
    return certified(key_pair(name).certificate_text, use=use)


def certified(certificate: str, *, use: str | None = "signing") -> str:
    return key_descriptor(f"<ds:X509Certificate>\n  {certificate}\n</ds:X509Certificate>", use=use)


def short_key() -> str:
    return certified(key_pair("short", 1024).certificate_text)


def key_descriptor(certificates: str, *, use: str | None = "signing") -> str:
    attribute = "" if use is None else f' use="{use}"'
    return (
        f"<md:KeyDescriptor{attribute}><ds:KeyInfo><ds:X509Data>{certificates}</ds:X509Data></ds:KeyInfo>"
        "</md:KeyDescriptor>"
    )


def role(content: str | None = None, *, attributes: str = "", protocols: str = SAML) -> str:
    content = key() + LOGOUT + SIGN_ON if content is None else content
    return f'<md:IDPSSODescriptor protocolSupportEnumeration="{protocols}"{attributes}>{content}</md:IDPSSODescriptor>'


def entity(content: str | None = None, *, attributes: str = "", entity_id: str = ISSUER) -> str:
    content = role() if content is None else content
    return (
        '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
        ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"'
        f' entityID="{entity_id}"{attributes}>{content}</md:EntityDescriptor>'
    )


@pytest.fixture
async def outbound() -> AsyncIterator[Outbound]:
    """As in production, where nothing of this machine or its network may be named."""
    opened = Outbound(PRODUCTION)
    yield opened
    await opened.close()


def read(document: str | bytes, outbound: Outbound) -> IdentityProviderMetadata:
    return read_metadata(document if isinstance(document, bytes) else document.encode(), outbound, NOW)


def reason(document: str | bytes, outbound: Outbound) -> Refusal:
    with pytest.raises(SignInRefusedError) as refused:
        read(document, outbound)
    return refused.value.reason


async def test_s30_what_it_says_is_read(outbound: Outbound) -> None:
    document = role(attributes=' WantAuthnRequestsSigned="true"')
    metadata = read(entity(document, attributes=f' validUntil="{at(days=2)}"'), outbound)
    assert metadata.entity_id == ISSUER
    assert metadata.sign_on == {REDIRECT: "https://idp.example/sso?a=1&b=2", POST: "https://idp.example/sso/post"}
    assert metadata.logout == {POST: "https://idp.example/slo"}
    assert metadata.logout_answers == {POST: "https://idp.example/slo/done"}
    assert metadata.wants_signed_requests
    assert metadata.expires_at == NOW + timedelta(days=2)
    assert [each.kind for each in metadata.keys] == ["RSA"]
    assert metadata.warnings == frozenset()


@pytest.mark.parametrize("beginning", ["\ufeff", '\ufeff<?xml version="1.0" encoding="utf-8"?>\n', "\n"])
async def test_s30_the_usual_beginnings_are_taken(beginning: str, outbound: Outbound) -> None:
    metadata = read(beginning + entity(), outbound)
    assert metadata.entity_id == ISSUER
    assert metadata.expires_at is None
    assert not metadata.wants_signed_requests


async def test_s30_descriptions_of_other_protocols_are_passed_over(outbound: Outbound) -> None:
    other = (
        '<md:RoleDescriptor xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="fed:SecurityTokenServiceType"'
        f' protocolSupportEnumeration="http://schemas.xmlsoap.org/ws/2005/02/trust">{key("other")}</md:RoleDescriptor>'
        f'<md:SPSSODescriptor protocolSupportEnumeration="{SAML}">{key("theirs")}</md:SPSSODescriptor>'
    )
    older = role(key("old"), protocols="urn:oasis:names:tc:SAML:1.1:protocol")
    assert read(entity(other + older + role()), outbound).keys == read(entity(), outbound).keys


@pytest.mark.parametrize(
    "declaration",
    [
        '<!DOCTYPE md:EntityDescriptor [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE md:EntityDescriptor [<!ENTITY x SYSTEM "https://evil.example/x">]>',
        '<!DOCTYPE md:EntityDescriptor [<!ENTITY % x SYSTEM "https://evil.example/x.dtd"> %x;]>',
        '<!DOCTYPE md:EntityDescriptor SYSTEM "https://evil.example/x.dtd">',
        '<!DOCTYPE md:EntityDescriptor [<!ENTITY a "aaaa"><!ENTITY x "&a;&a;&a;&a;">]>',
        "<!DOCTYPE md:EntityDescriptor>",
    ],
)
async def test_s30_a_document_type_or_an_entity(declaration: str, outbound: Outbound) -> None:
    used = entity(entity_id="&x;") if "ENTITY x" in declaration else entity()
    assert reason(declaration + used, outbound) in {Refusal.SAML_ENCODING, Refusal.SAML_MARKUP}
    assert reason('<?xml version="1.0"?>' + declaration + used, outbound) in {
        Refusal.SAML_ENCODING,
        Refusal.SAML_MARKUP,
    }


async def test_s30_markup_that_parsers_disagree_about(outbound: Outbound) -> None:
    assert reason(entity(role() + "<!-- a comment -->"), outbound) is Refusal.SAML_MARKUP
    assert reason(entity(role() + "<?a b?>"), outbound) is Refusal.SAML_MARKUP
    assert reason(entity().encode("utf-16"), outbound) is Refusal.SAML_ENCODING
    assert reason(b"", outbound) is Refusal.SAML_SIZE
    assert reason(entity()[:-3], outbound) is Refusal.SAML_XML


async def test_s30_fifty_megabytes(outbound: Outbound) -> None:
    assert reason(entity(role() + " " * 50_000_000), outbound) is Refusal.SAML_SIZE


async def test_s30_two_entity_descriptors(outbound: Outbound) -> None:
    namespace = 'xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
    together = f"<md:EntitiesDescriptor {namespace}>{entity()}{entity(entity_id='https://x')}</md:EntitiesDescriptor>"
    assert reason(together, outbound) is Refusal.SAML_METADATA
    within = entity(f"<md:Extensions>{entity(entity_id='https://x')}</md:Extensions>{role()}")
    assert reason(within, outbound) is Refusal.SAML_METADATA
    assert reason(entity(role() + role()), outbound) is Refusal.SAML_METADATA
    assert reason(entity(""), outbound) is Refusal.SAML_METADATA
    assert reason(entity(role(protocols="urn:oasis:names:tc:SAML:1.1:protocol")), outbound) is Refusal.SAML_METADATA


@pytest.mark.parametrize("entity_id", ["", " https://idp.example", "https://idp.example&#10;", "x" * 1025])
async def test_s30_an_entity_id_that_cannot_be_compared_to(entity_id: str, outbound: Outbound) -> None:
    assert reason(entity(entity_id=entity_id), outbound) is Refusal.SAML_METADATA


@pytest.mark.parametrize("until", [at(seconds=-1), at(), "tomorrow", "", "2030-01-01T00:00:00"])
async def test_s30_an_end_that_has_passed_or_cannot_be_read(until: str, outbound: Outbound) -> None:
    attribute = f' validUntil="{until}"'
    assert reason(entity(attributes=attribute), outbound) is Refusal.SAML_METADATA
    assert reason(entity(role(attributes=attribute)), outbound) is Refusal.SAML_METADATA


async def test_s30_the_earlier_end_counts(outbound: Outbound) -> None:
    document = entity(role(attributes=f' validUntil="{at(days=1)}"'), attributes=f' validUntil="{at(days=2)}"')
    assert read(document, outbound).expires_at == NOW + timedelta(days=1)


@pytest.mark.parametrize(
    "keys",
    [
        "",
        key(use="encryption"),
        short_key(),
        key_descriptor("<ds:X509Certificate>bm8gY2VydGlmaWNhdGU=</ds:X509Certificate>"),
        key_descriptor(""),
        key() * 9,
    ],
    ids=["none", "encryption", "1024 bits", "no certificate", "empty", "nine"],
)
async def test_s30_no_signing_certificate_that_will_do(keys: str, outbound: Outbound) -> None:
    assert reason(entity(role(keys + SIGN_ON)), outbound) is Refusal.SAML_METADATA


async def test_s30_a_certificate_signed_with_sha1_is_warned_about(outbound: Outbound) -> None:
    # No library of ours makes one any more: this is another, which says of itself that it is one.
    honest = key_pair("idp").certificate.public_bytes(Encoding.DER)
    weak = honest.replace(SHA256_WITH_RSA, SHA1_WITH_RSA)
    metadata = read(entity(role(certified(base64.b64encode(weak).decode()) + SIGN_ON)), outbound)
    assert metadata.warnings == {MetadataWarning.WEAKLY_SIGNED_CERTIFICATE}


async def test_s30_a_certificate_that_is_left_out_is_warned_about(outbound: Outbound) -> None:
    metadata = read(entity(role(key() + short_key() + SIGN_ON)), outbound)
    assert metadata.warnings == {MetadataWarning.CERTIFICATE_LEFT_OUT}
    assert metadata.keys == read(entity(), outbound).keys


async def test_s30_an_expired_certificate_is_warned_about(outbound: Outbound) -> None:
    later = read(entity(), outbound).keys[0].expires_at
    metadata = read_metadata(entity().encode(), outbound, later)
    assert metadata.warnings == {MetadataWarning.EXPIRED_CERTIFICATE}


async def test_s30_the_key_of_an_authority_in_a_chain_is_not_trusted(outbound: Outbound) -> None:
    chain = "".join(
        f"<ds:X509Certificate>{key_pair(name).certificate_text}</ds:X509Certificate>" for name in ("leaf", "authority")
    )
    metadata = read(entity(role(key() + key_descriptor(chain) + SIGN_ON)), outbound)
    assert metadata.keys == read(entity(), outbound).keys
    assert metadata.warnings == {MetadataWarning.CERTIFICATE_LEFT_OUT}


@pytest.mark.parametrize(
    "location",
    ["http://idp.example/sso", "javascript:alert(1)", "https://a@idp.example/", "/sso", "", "https://x/" + "a" * 2048],
)
@pytest.mark.parametrize("service", ["SingleSignOnService", "SingleLogoutService"])
async def test_s30_an_address_that_nobody_should_be_sent_to(service: str, location: str, outbound: Outbound) -> None:
    unsafe = f'<md:{service} Binding="{REDIRECT}" Location="{location}"/>'
    assert reason(entity(role(key() + unsafe + SIGN_ON)), outbound) is Refusal.UNSAFE_ADDRESS


async def test_s30_nowhere_to_send_people(outbound: Outbound) -> None:
    assert reason(entity(role(key() + LOGOUT)), outbound) is Refusal.SAML_METADATA


@pytest.mark.parametrize(
    "address",
    ["https://169.254.169.254/metadata", "https://10.0.0.1/metadata", "http://idp.example/", "file:///etc/passwd"],
)
async def test_s30_an_address_within_our_network(address: str, outbound: Outbound) -> None:
    with pytest.raises(SignInRefusedError) as refused:
        await fetched_metadata(outbound, address, NOW)
    assert refused.value.reason is Refusal.UNSAFE_ADDRESS


async def test_s30_fetched_metadata_is_read_and_one_too_large_is_not(settings: Settings) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        padding = b" " * MAX_BYTES if request.url.path == "/large" else b""
        return httpx2.Response(200, stream=httpx2.ByteStream(entity().encode() + padding))

    outbound = Outbound(settings, httpx2.MockTransport(answer))
    raw, metadata = await fetched_metadata(outbound, "https://idp.example/metadata", NOW)
    assert raw == entity().encode()
    assert metadata.entity_id == ISSUER
    with pytest.raises(SignInRefusedError) as refused:
        await fetched_metadata(outbound, "https://idp.example/large", NOW)
    assert refused.value.reason is Refusal.PROVIDER_ANSWER


async def test_s31_both_certificates_are_good_until_one_is_removed(outbound: Outbound) -> None:
    old, new = text(CASE.message(key="idp")), text(CASE.message(key="next"))
    both = read(entity(role(key("idp") + key("next", use=None) + SIGN_ON)), outbound)
    for raw in (old, new):
        assert verified_assertion(raw, CASE.expectation(keys=both.keys), NOW).name.value == "ada"
    after = read(entity(role(key("next") + SIGN_ON)), outbound)
    assert verified_assertion(new, CASE.expectation(keys=after.keys), NOW).name.value == "ada"
    with pytest.raises(SignInRefusedError) as refused:
        verified_assertion(old, CASE.expectation(keys=after.keys), NOW)
    assert refused.value.reason is Refusal.SAML_SIGNATURE
