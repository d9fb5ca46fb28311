"""An identity provider that signs whatever a test has it say: honest by default, hostile on request."""

from __future__ import annotations

import base64
import copy
import os
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, Final
from uuid import uuid4

import xmlsec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from auth.sso.saml.certificate import trusted_key
from auth.sso.saml.expectation import Expectation
from auth.sso.saml.names import PREFIXES, tag

ISSUER: Final = "https://idp.example/saml"
AUDIENCE: Final = "https://gateway.example/saml/acme/metadata/1"
RECIPIENT: Final = "https://gateway.example/saml/acme/acs/1"
REQUEST: Final = "_request-of-this-browser"

NOW: Final = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


def at(**offset: float) -> str:
    """A point in time as messages have it, so far from now."""
    return (NOW + timedelta(**offset)).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class KeyPair:
    """A key and a certificate of it."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def certificate_pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def certificate_text(self) -> str:
        return base64.b64encode(self.certificate.public_bytes(Encoding.DER)).decode()


@cache
def key_pair(name: str, bits: int = 2048, algorithm: str = "SHA256") -> KeyPair:
    """The same one for the same name, as making them takes a while."""
    key = rsa.generate_private_key(65537, bits)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, getattr(hashes, algorithm)())
    )
    return KeyPair(key, certificate)


@dataclass(frozen=True)
class Words:
    """What a response says. ``None`` leaves a thing out."""

    issuer: str = ISSUER
    assertion_issuer: str | None = None
    audience: str | None = AUDIENCE
    recipient: str | None = RECIPIENT
    destination: str | None = RECIPIENT
    in_response_to: str | None = REQUEST
    confirmed_request: str | None = "as in the response"
    issue_instant: str = field(default_factory=at)
    assertion_instant: str = field(default_factory=at)
    not_before: str | None = field(default_factory=lambda: at(minutes=-1))
    not_on_or_after: str | None = field(default_factory=lambda: at(minutes=5))
    confirmation_not_before: str | None = None
    confirmation_not_on_or_after: str | None = field(default_factory=lambda: at(minutes=5))
    authn_instant: str | None = field(default_factory=at)
    session_not_on_or_after: str | None = None
    session_index: str | None = "session-1"
    method: str = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    status: str | None = "urn:oasis:names:tc:SAML:2.0:status:Success"
    name: str = "ada"
    name_format: str | None = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    name_qualifier: str | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = (("email", ("ada@acme.example",)), ("groups", ("a", "b")))
    conditions: bool = True
    version: str = "2.0"


def _set(element: Any, **attributes: str | None) -> Any:
    for name, value in attributes.items():
        if value is not None:
            element.set(name, value)
    return element


def _add(parent: Any, name: str, text: str | None = None, **attributes: str | None) -> Any:
    child = _set(etree.SubElement(parent, tag(name)), **attributes)
    child.text = text
    return child


def new_id() -> str:
    return f"_{uuid4().hex}"


def assertion(words: Words) -> Any:
    """An unsigned assertion."""
    root = etree.Element(tag("a:Assertion"), nsmap={"saml": PREFIXES["a"]})
    _set(root, ID=new_id(), Version=words.version, IssueInstant=words.assertion_instant)
    _add(root, "a:Issuer", words.assertion_issuer or words.issuer)
    subject = _add(root, "a:Subject")
    _add(subject, "a:NameID", words.name, Format=words.name_format, NameQualifier=words.name_qualifier)
    confirmed = words.in_response_to if words.confirmed_request == "as in the response" else words.confirmed_request
    confirmation = _add(subject, "a:SubjectConfirmation", Method=words.method)
    _add(
        confirmation,
        "a:SubjectConfirmationData",
        Recipient=words.recipient,
        InResponseTo=confirmed,
        NotBefore=words.confirmation_not_before,
        NotOnOrAfter=words.confirmation_not_on_or_after,
    )
    if words.conditions:
        conditions = _add(root, "a:Conditions", NotBefore=words.not_before, NotOnOrAfter=words.not_on_or_after)
        if words.audience is not None:
            _add(_add(conditions, "a:AudienceRestriction"), "a:Audience", words.audience)
    if words.authn_instant is not None:
        statement = _add(
            root,
            "a:AuthnStatement",
            AuthnInstant=words.authn_instant,
            SessionIndex=words.session_index,
            SessionNotOnOrAfter=words.session_not_on_or_after,
        )
        context = _add(statement, "a:AuthnContext")
        _add(context, "a:AuthnContextClassRef", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password")
    if words.attributes:
        attributes = _add(root, "a:AttributeStatement")
        for name, values in words.attributes:
            attribute = _add(attributes, "a:Attribute", Name=name)
            for value in values:
                _add(attribute, "a:AttributeValue", value)
    return root


def response(words: Words, *assertions: Any) -> Any:
    """An unsigned response around assertions."""
    root = etree.Element(tag("p:Response"), nsmap={"samlp": PREFIXES["p"], "saml": PREFIXES["a"]})
    _set(root, ID=new_id(), Version="2.0", IssueInstant=words.issue_instant)
    _set(root, Destination=words.destination, InResponseTo=words.in_response_to)
    _add(root, "a:Issuer", words.issuer)
    status = _add(root, "p:Status")
    if words.status is not None:
        _add(status, "p:StatusCode", Value=words.status)
    for each in assertions:
        root.append(each)
    return root


def sign(
    element: Any, pair: KeyPair, *, method: str = "RSA_SHA256", digest: str = "SHA256", c14n: str = "EXCL_C14N"
) -> Any:
    """Sign an element in its place, as the standard has it: after the issuer. With SHA-1 and the like if asked to."""
    transforms = xmlsec.constants
    signature = xmlsec.template.create(
        element,
        getattr(transforms, f"Transform{'ExclC14N' if c14n == 'EXCL_C14N' else c14n}"),
        getattr(transforms, _METHODS[method]),
        ns="ds",
    )
    element.insert(1, signature)
    reference = xmlsec.template.add_reference(
        signature, getattr(transforms, _METHODS[digest]), uri=f"#{element.get('ID')}"
    )
    xmlsec.template.add_transform(reference, transforms.TransformEnveloped)
    xmlsec.template.add_transform(
        reference, getattr(transforms, f"Transform{'ExclC14N' if c14n == 'EXCL_C14N' else c14n}")
    )
    information = xmlsec.template.ensure_key_info(signature)
    xmlsec.template.add_x509_data(information)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(pair.key_pem, transforms.KeyDataFormatPem)
    context.key.load_cert_from_memory(pair.certificate_pem, transforms.KeyDataFormatCertPem)
    context.register_id(element, "ID")
    context.sign(signature)
    return element


def with_raw_key(element: Any, pair: KeyPair) -> Any:
    """A signed element whose signature shows a key itself, as Keycloak has it. No signature covers its own key info."""
    numbers = pair.key.public_key().public_numbers()
    # The first one there is: the element's own comes before those in it. What xmlsec has made is not found by name.
    information = xmlsec.tree.find_node(element, xmlsec.constants.NodeKeyInfo)
    value = _add(_add(information, "ds:KeyValue"), "ds:RSAKeyValue")
    for name, number in (("ds:Modulus", numbers.n), ("ds:Exponent", numbers.e)):
        octets = number.to_bytes((number.bit_length() + 7) // 8)
        _add(value, name, base64.b64encode(octets).decode())
    return element


_METHODS: Final = {
    "RSA_SHA256": "TransformRsaSha256",
    "RSA_SHA512": "TransformRsaSha512",
    "RSA_SHA1": "TransformRsaSha1",
    "SHA256": "TransformSha256",
    "SHA1": "TransformSha1",
}


def encrypt(
    plain: bytes,
    certificate: x509.Certificate,
    *,
    algorithm: str = "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    transport: str = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
) -> Any:
    """An encrypted assertion. Only the labels change with the algorithms named; opened it has to be by AES-GCM."""
    content_key, iv = os.urandom(32), os.urandom(12)
    public = certificate.public_key()
    assert isinstance(public, rsa.RSAPublicKey)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)  # noqa: S303 - the standard's default
    wrapped = public.encrypt(content_key, oaep if "oaep" in transport else padding.PKCS1v15())
    content = iv + AESGCM(content_key).encrypt(iv, plain, None)
    root = etree.Element(tag("a:EncryptedAssertion"), nsmap={"saml": PREFIXES["a"], "xenc": PREFIXES["x"]})
    data = _add(root, "x:EncryptedData", Type="http://www.w3.org/2001/04/xmlenc#Element")
    _add(data, "x:EncryptionMethod", Algorithm=algorithm)
    key = _add(_add(data, "ds:KeyInfo"), "x:EncryptedKey")
    _add(key, "x:EncryptionMethod", Algorithm=transport)
    _add(_add(key, "x:CipherData"), "x:CipherValue", base64.b64encode(wrapped).decode())
    _add(_add(data, "x:CipherData"), "x:CipherValue", base64.b64encode(content).decode())
    return root


def text(element: Any) -> bytes:
    serialised: bytes = etree.tostring(element)
    return serialised


OUR_KEYS: Final = "service-provider"


@dataclass(frozen=True)
class Case:
    """How a connection is set up: what is signed, and whether the assertion is encrypted."""

    policy: str
    encrypted: bool

    def __str__(self) -> str:
        return f"{self.policy}-signed{'-encrypted' if self.encrypted else ''}"

    @property
    def signs_response(self) -> bool:
        return self.policy in {"response", "both"}

    @property
    def signs_assertion(self) -> bool:
        return self.policy in {"assertion", "both"}

    def expectation(self, **changes: Any) -> Expectation:
        honest = Expectation(
            issuer=ISSUER,
            audience=AUDIENCE,
            recipient=RECIPIENT,
            keys=(trusted_key(key_pair("idp").certificate_text),),
            signed_response=self.signs_response,
            signed_assertion=self.signs_assertion,
            encrypted=self.encrypted,
            decryption_keys=(key_pair(OUR_KEYS).key,),
            request_id=REQUEST,
        )
        return replace(honest, **changes)

    def wrapped(self, inner: Any) -> Any:
        """An assertion as it goes into the response."""
        return encrypt(text(inner), key_pair(OUR_KEYS).certificate) if self.encrypted else inner

    def message(self, words: Words | None = None, *, key: str = "idp", change: Any = None, after: Any = None) -> Any:
        """A response under this policy.

        ``change`` gets the assertion before it is signed, ``after`` whatever has just been signed.
        """
        words = words or Words()
        inner = assertion(words)
        if change is not None:
            change(inner)
        after = after or (lambda _: None)
        if self.signs_assertion:
            after(sign(inner, key_pair(key)))
        outer = response(words, self.wrapped(inner))
        if self.signs_response:
            after(sign(outer, key_pair(key)))
        # Read anew: elements that xmlsec has made are not found by name.
        return etree.fromstring(text(outer))

    def repacked(self, inner: Any, words: Words | None = None) -> Any:
        """A response around an assertion that an attacker has changed: nobody signs that response."""
        return response(words or Words(), self.wrapped(copy.deepcopy(inner)))


CASES: Final = [Case(policy, encrypted) for encrypted in (False, True) for policy in ("response", "assertion", "both")]
