"""The document that a provider is set up with: valid, of one connection, and understood by another implementation."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Final
from uuid import UUID

import pytest
import saml2.data.schemas
from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree
from saml2.mdstore import InMemoryMetaData

from auth.sso.saml.names import POST
from auth.sso.saml.service_provider import ServiceProvider, metadata_document, service_provider
from auth.sso.saml.service_provider_key import KeyPair, ServiceProviderKeys
from models.shared import SigningPolicy
from tests.auth.saml.provider_double import key_pair

if TYPE_CHECKING:
    from settings import Settings

CONNECTION: Final = UUID(int=7)
OURS: Final = ServiceProvider(
    *(f"https://gateway.example/saml/acme/{name}/7" for name in ("metadata", "acs", "sls", "confirm"))
)
SCHEMAS: Final = Path(saml2.data.schemas.__path__[0])


class Shipped(etree.Resolver):  # type: ignore[misc] # lxml has no types
    """The schemas lie side by side, whatever address they import each other by."""

    def resolve(self, url: str, _public_id: str | None, context: object) -> object:
        return self.resolve_filename(str(SCHEMAS / url.rpartition("/")[2]), context)


def pair(name: str) -> KeyPair:
    made = key_pair(name)
    return KeyPair(made.certificate, made.key)


def document(policy: SigningPolicy = SigningPolicy.ASSERTION, *, encrypted: bool = True) -> bytes:
    keys = ServiceProviderKeys(pair("current"), (pair("retired"),))
    return metadata_document(OURS, keys, policy, encrypted=encrypted)


@pytest.mark.parametrize("encrypted", [False, True])
@pytest.mark.parametrize("policy", SigningPolicy)
def test_the_document_is_valid(policy: SigningPolicy, *, encrypted: bool) -> None:
    parser = etree.XMLParser(no_network=True)
    parser.resolvers.add(Shipped())
    schema = etree.XMLSchema(etree.parse(SCHEMAS / "saml-schema-metadata-2.0.xsd", parser))
    schema.assertValid(etree.fromstring(document(policy, encrypted=encrypted)))


def test_another_implementation_reads_our_address_and_the_current_certificate() -> None:
    read = InMemoryMetaData(None, document().decode())
    read.parse(document().decode())
    assert list(read.keys()) == [OURS.entity_id]
    consumers = read.service(OURS.entity_id, "spsso_descriptor", "assertion_consumer_service", POST)
    assert [each["location"] for each in consumers] == [OURS.assertion_consumer]
    current = base64.b64encode(key_pair("current").certificate.public_bytes(Encoding.DER)).decode()
    for use in ("signing", "encryption"):
        found = [certificate for _, certificate in read.certs(OURS.entity_id, "spsso", use)]
        assert ["".join(each.split()) for each in found] == [current]


@pytest.mark.parametrize(
    ("policy", "signed"),
    [(SigningPolicy.RESPONSE, b"false"), (SigningPolicy.ASSERTION, b"true"), (SigningPolicy.BOTH, b"true")],
)
def test_it_asks_for_what_the_policy_asks_for(policy: SigningPolicy, signed: bytes) -> None:
    assert b'WantAssertionsSigned="' + signed + b'"' in document(policy)


def test_a_provider_that_need_not_encrypt_is_shown_no_key_for_it() -> None:
    assert b'use="encryption"' not in document(encrypted=False)
    assert b'use="signing"' in document(encrypted=False)


def test_no_private_key_is_in_it() -> None:
    assert b"PRIVATE" not in document()
    assert document().count(b"X509Certificate>") == 4  # two elements, with a beginning and an end each


def test_s25_each_connection_has_a_name_and_an_address_of_its_own(settings: Settings) -> None:
    seen = [service_provider(settings, slug, UUID(int=n)) for slug in ("acme", "globex") for n in (1, 2)]
    assert len({each.entity_id for each in seen}) == len(seen)
    assert len({each.assertion_consumer for each in seen}) == len(seen)
    ours = service_provider(settings, "acme", CONNECTION)
    assert ours.entity_id == f"{settings.public_url}/saml/acme/metadata/{CONNECTION}"
    assert ours.assertion_consumer == f"{settings.public_url}/saml/acme/acs/{CONNECTION}"
