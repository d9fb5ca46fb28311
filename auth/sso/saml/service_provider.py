"""What we are to an identity provider: names and addresses of one connection, and the metadata document of it.

Every connection is a service provider of its own, with its own name and address. So what was said for one cannot be
played back to another, not even of the same tenant or to the same identity provider.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from cryptography.hazmat.primitives.serialization import Encoding
from lxml import etree

from auth.sso.saml.names import (
    EMAIL_ADDRESS,
    ENCRYPTION,
    ENCRYPTION_11,
    METADATA,
    PERSISTENT,
    POST,
    PROTOCOL,
    REDIRECT,
    SIGNATURE,
    tag,
)
from models.shared import SigningPolicy

if TYPE_CHECKING:
    from uuid import UUID

    from cryptography import x509

    from auth.sso.saml.service_provider_key import ServiceProviderKeys
    from settings import Settings

# What decryption takes, the best first: see auth/sso/saml/decryption.py.
_ENCRYPTION_METHODS: Final = (
    f"{ENCRYPTION_11}aes256-gcm",
    f"{ENCRYPTION_11}aes128-gcm",
    f"{ENCRYPTION}rsa-oaep-mgf1p",
    f"{ENCRYPTION_11}rsa-oaep",
)


@dataclass(frozen=True, slots=True)
class ServiceProvider:
    """Us, as one connection knows us.

    Attributes:
        entity_id: our name, which is also the address of the metadata.
        assertion_consumer: where responses are to be sent.
        single_logout: where messages about signing out are to be sent.
        confirmation: where a page of ours says that a person wants to be who a provider says, unasked.
    """

    entity_id: str
    assertion_consumer: str
    single_logout: str
    confirmation: str


def service_provider(
    settings: Settings, tenant_slug: str, identity_provider_id: UUID, *, short: bool = False
) -> ServiceProvider:
    """Us in a connection of a tenant.

    Args:
        settings: of the whole server.
        tenant_slug: the tenant's name in paths.
        identity_provider_id: of the connection.
        short: with the addresses that a tenant's only connection has as well. The name is always the long one.
    """
    base = f"{settings.public_url.rstrip('/')}/saml/{tenant_slug}"
    end = "" if short else f"/{identity_provider_id}"
    return ServiceProvider(
        entity_id=f"{base}/metadata/{identity_provider_id}",
        assertion_consumer=f"{base}/acs{end}",
        single_logout=f"{base}/sls{end}",
        confirmation=f"{base}/confirm/{identity_provider_id}",
    )


def metadata_document(
    ours: ServiceProvider, keys: ServiceProviderKeys, policy: SigningPolicy, *, encrypted: bool
) -> bytes:
    """The document that an identity provider is set up with.

    Args:
        ours: names and addresses.
        keys: of the connection.
        policy: what has to be signed.
        encrypted: whether the provider is to encrypt. Several products do as soon as they are shown a key for it, by
            algorithms that we do not take, whatever is said here about those that we do.
    """
    namespaces = {"md": METADATA, "ds": SIGNATURE}
    entity = etree.Element(tag("m:EntityDescriptor"), nsmap=namespaces, entityID=ours.entity_id)
    assertions_signed = policy in {SigningPolicy.ASSERTION, SigningPolicy.BOTH}
    role = etree.SubElement(
        entity,
        tag("m:SPSSODescriptor"),
        AuthnRequestsSigned="true",
        WantAssertionsSigned="true" if assertions_signed else "false",
        protocolSupportEnumeration=PROTOCOL,
    )
    _add_key(role, keys.current.certificate, "signing")
    if encrypted:
        # Of several a provider may take any, so it is told of one only: what it encrypts from now on is for the newest.
        descriptor = _add_key(role, keys.current.certificate, "encryption")
        for algorithm in _ENCRYPTION_METHODS:
            etree.SubElement(descriptor, tag("m:EncryptionMethod"), Algorithm=algorithm)
    for binding in (REDIRECT, POST):
        etree.SubElement(role, tag("m:SingleLogoutService"), Binding=binding, Location=ours.single_logout)
    for name_format in (PERSISTENT, EMAIL_ADDRESS):
        etree.SubElement(role, tag("m:NameIDFormat")).text = name_format
    etree.SubElement(
        role,
        tag("m:AssertionConsumerService"),
        Binding=POST,
        Location=ours.assertion_consumer,
        index="0",
        isDefault="true",
    )
    document: bytes = etree.tostring(entity, xml_declaration=True, encoding="UTF-8")
    return document


def _add_key(role: Any, certificate: x509.Certificate, use: str) -> Any:  # noqa: ANN401 - lxml has no types
    descriptor = etree.SubElement(role, tag("m:KeyDescriptor"), use=use)
    data = etree.SubElement(etree.SubElement(descriptor, tag("ds:KeyInfo")), tag("ds:X509Data"))
    der = base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()
    etree.SubElement(data, tag("ds:X509Certificate")).text = der
    return descriptor
