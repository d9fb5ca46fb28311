"""What a SAML identity provider says about itself (SAML 2.0 Metadata), as far as we go by it.

A document is trusted for how it came: an owner put it there, or it was fetched by https from an address that an owner
gave. Its own signature, if it has one, is not looked at, as nobody has told us whose it ought to be. It is not held to
the schema either: widely used products describe other protocols in it, in words of their own. So what counts is read
from exactly one place, and whatever could be meant in two ways is refused.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.certificate import CertificateRefusedError, TrustedKey, trusted_key
from auth.sso.saml.grammar import short_name
from auth.sso.saml.guard import parsed
from auth.sso.saml.instant import instant
from auth.sso.saml.issuer import text_of
from auth.sso.saml.names import POST, PROTOCOL, REDIRECT, tag

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from auth.sso.outbound import Outbound

# The length of the column that an entity ID goes into, and the standard's limit too.
_MAX_ENTITY_ID: Final = 1024
_MAX_LOCATION: Final = 2048
_MAX_CERTIFICATES: Final = 8
_BINDINGS: Final = (REDIRECT, POST)
_TYPE: Final = "application/samlmetadata+xml, application/xml;q=0.9, text/xml;q=0.8"


class MetadataWarning(StrEnum):
    """What an owner ought to hear about, though the connection works."""

    WEAKLY_SIGNED_CERTIFICATE = "weakly_signed_certificate"
    EXPIRED_CERTIFICATE = "expired_certificate"
    CERTIFICATE_LEFT_OUT = "certificate_left_out"


@dataclass(frozen=True, slots=True)
class IdentityProviderMetadata:
    """The checked part of a document.

    Attributes:
        entity_id: what messages of the provider have to be issued by.
        keys: each of them may sign; while certificates are being exchanged there are two.
        sign_on: where people are sent, by binding.
        logout: where logout messages are sent, by binding. Empty where the provider takes none.
        logout_answers: where the answers to its own go, where that is another place.
        wants_signed_requests: it takes no request without our signature.
        expires_at: when the document has to be read anew.
        warnings: for the owner.
    """

    entity_id: str
    keys: tuple[TrustedKey, ...]
    sign_on: Mapping[str, str]
    logout: Mapping[str, str]
    logout_answers: Mapping[str, str]
    wants_signed_requests: bool
    expires_at: datetime | None
    warnings: frozenset[MetadataWarning]


async def fetched_metadata(outbound: Outbound, address: str, now: datetime) -> tuple[bytes, IdentityProviderMetadata]:
    """The document at an address that an owner gave, and what it says.

    Raises:
        SignInRefusedError: nothing is to be had there, or nothing that we can work with.
    """
    raw = await outbound.fetch(address, accept=_TYPE)
    return raw, read_metadata(raw, outbound, now)


def read_metadata(raw: bytes, outbound: Outbound, now: datetime) -> IdentityProviderMetadata:
    """What a document says.

    Args:
        raw: as it was uploaded or fetched.
        outbound: knows which addresses are safe to send people to.
        now: the time.

    Raises:
        SignInRefusedError: it is not plain XML, not about one identity provider, out of date, without a key to trust,
            or it names an address that is not safe.
    """
    # The one concession to what is common: some products begin the file with a byte order mark. Messages may not.
    entity = parsed(raw.removeprefix(codecs.BOM_UTF8))
    if short_name(entity) != "m:EntityDescriptor" or sum(1 for _ in entity.iter(tag("m:EntityDescriptor"))) != 1:
        raise SignInRefusedError(Refusal.SAML_METADATA)
    role = _role(entity)
    keys, warnings = _keys(role, now)
    sign_on = _locations(role, "m:SingleSignOnService", "Location", outbound)
    if not sign_on:
        raise SignInRefusedError(Refusal.SAML_METADATA)
    return IdentityProviderMetadata(
        entity_id=_entity_id(entity),
        keys=keys,
        sign_on=sign_on,
        logout=_locations(role, "m:SingleLogoutService", "Location", outbound),
        logout_answers=_locations(role, "m:SingleLogoutService", "ResponseLocation", outbound),
        wants_signed_requests=role.get("WantAuthnRequestsSigned", "").strip() in {"true", "1"},
        expires_at=_expires_at(now, entity, role),
        warnings=warnings,
    )


def _role(entity: Any) -> Any:  # noqa: ANN401 - lxml has no types
    roles = [
        role
        for role in entity.findall(tag("m:IDPSSODescriptor"))
        if PROTOCOL in role.get("protocolSupportEnumeration", "").split()
    ]
    if len(roles) != 1:
        raise SignInRefusedError(Refusal.SAML_METADATA)
    return roles[0]


def _entity_id(entity: Any) -> str:  # noqa: ANN401 - lxml has no types
    # Issuers are compared to it to the letter, so it has to be one that can be seen and copied as it is.
    entity_id: str = entity.get("entityID", "")
    if not 0 < len(entity_id) <= _MAX_ENTITY_ID or not entity_id.isprintable() or entity_id != entity_id.strip():
        raise SignInRefusedError(Refusal.SAML_METADATA)
    return entity_id


def _expires_at(now: datetime, *elements: Any) -> datetime | None:  # noqa: ANN401 - lxml has no types
    ends = []
    for element in elements:
        if "validUntil" in element.attrib:
            end = instant(element.get("validUntil"))
            if end is None or end <= now:
                raise SignInRefusedError(Refusal.SAML_METADATA)
            ends.append(end)
    return min(ends, default=None)


def _keys(role: Any, now: datetime) -> tuple[tuple[TrustedKey, ...], frozenset[MetadataWarning]]:  # noqa: ANN401 - lxml has no types
    keys: dict[bytes, TrustedKey] = {}
    warnings = set()
    # Without a use, a key is for signing as well.
    descriptors = [each for each in role.findall(tag("m:KeyDescriptor")) if each.get("use", "signing") == "signing"]
    if len(descriptors) > _MAX_CERTIFICATES:
        raise SignInRefusedError(Refusal.SAML_METADATA)
    for descriptor in descriptors:
        key = _key(descriptor)
        if key is None:
            warnings.add(MetadataWarning.CERTIFICATE_LEFT_OUT)
            continue
        keys[key.pem] = key
        if key.weakly_signed:
            warnings.add(MetadataWarning.WEAKLY_SIGNED_CERTIFICATE)
        if key.expires_at <= now:
            warnings.add(MetadataWarning.EXPIRED_CERTIFICATE)
    if not keys:
        raise SignInRefusedError(Refusal.SAML_METADATA)
    return tuple(keys.values()), frozenset(warnings)


def _key(descriptor: Any) -> TrustedKey | None:  # noqa: ANN401 - lxml has no types
    certificates = descriptor.findall(".//" + tag("ds:X509Certificate"))
    # Several are a chain. The key of an authority that has signed the certificate may not sign people in.
    if len(certificates) != 1:
        return None
    try:
        return trusted_key(text_of(certificates[0]))
    except CertificateRefusedError:
        return None


def _locations(role: Any, service: str, attribute: str, outbound: Outbound) -> dict[str, str]:  # noqa: ANN401 - lxml has no types
    found: dict[str, str] = {}
    for element in role.findall(tag(service)):
        binding, location = element.get("Binding"), element.get(attribute)
        # Of several with one binding the first is as good as any.
        if binding not in _BINDINGS or location is None or binding in found:
            continue
        if len(location) > _MAX_LOCATION:
            raise SignInRefusedError(Refusal.UNSAFE_ADDRESS)
        found[binding] = outbound.safe_address(location)
    return found
