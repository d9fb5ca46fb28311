"""Which element may stand where, and how often. What is not listed does not occur in a message that we read.

The schema of SAML is made for everything that anybody ever wanted to say. An attacker who moves a signed part aside and
puts another in its place needs a corner where the schema allows the original to stay: an extension, an advice, an
object within a signature, a second assertion. There is no such corner here. Complements the schema, which knows order
and types.

Not taken, though the standard has them: ``Extensions``, ``Advice``, ``StatusDetail``, ``EncryptedID``,
``EncryptedAttribute``, attribute values with elements in them, and ``Object`` in signatures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.names import PREFIXES, SCHEMA_INSTANCE

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ELEMENTS: Final = 5_000

_MANY: Final = 1_000
_FEW: Final = 8

# Parent → child → how often at most. A parent is looked up as "grandparent/parent" first, where its place matters.
_CHILDREN: Final[Mapping[str, Mapping[str, int]]] = {
    "p:Response": {"a:Issuer": 1, "ds:Signature": 1, "p:Status": 1, "a:Assertion": 1, "a:EncryptedAssertion": 1},
    "p:LogoutRequest": {"a:Issuer": 1, "ds:Signature": 1, "a:NameID": 1, "p:SessionIndex": _FEW},
    "p:LogoutResponse": {"a:Issuer": 1, "ds:Signature": 1, "p:Status": 1},
    "p:Status": {"p:StatusCode": 1, "p:StatusMessage": 1},
    "p:Status/p:StatusCode": {"p:StatusCode": 1},
    "a:Assertion": {
        "a:Issuer": 1,
        "ds:Signature": 1,
        "a:Subject": 1,
        "a:Conditions": 1,
        "a:AuthnStatement": 1,
        "a:AttributeStatement": 1,
    },
    "a:Subject": {"a:NameID": 1, "a:SubjectConfirmation": 1},
    "a:SubjectConfirmation": {"a:SubjectConfirmationData": 1},
    "a:Conditions": {"a:AudienceRestriction": _FEW, "a:OneTimeUse": 1, "a:ProxyRestriction": 1},
    "a:AudienceRestriction": {"a:Audience": _FEW},
    "a:ProxyRestriction": {"a:Audience": _FEW},
    "a:AuthnStatement": {"a:SubjectLocality": 1, "a:AuthnContext": 1},
    "a:AuthnContext": {"a:AuthnContextClassRef": 1, "a:AuthnContextDeclRef": 1, "a:AuthenticatingAuthority": _FEW},
    "a:AttributeStatement": {"a:Attribute": _MANY},
    "a:Attribute": {"a:AttributeValue": _MANY},
    "ds:Signature": {"ds:SignedInfo": 1, "ds:SignatureValue": 1, "ds:KeyInfo": 1},
    "ds:SignedInfo": {"ds:CanonicalizationMethod": 1, "ds:SignatureMethod": 1, "ds:Reference": 1},
    "ds:Reference": {"ds:Transforms": 1, "ds:DigestMethod": 1, "ds:DigestValue": 1},
    "ds:Transforms": {"ds:Transform": 2},
    "ds:Transform": {"ec:InclusiveNamespaces": 1},
    # Nothing of it is looked at (signature.py); products put it there all the same, Keycloak the bare key as well.
    "ds:Signature/ds:KeyInfo": {"ds:KeyName": 1, "ds:X509Data": 1, "ds:KeyValue": 1},
    "ds:KeyValue": {"ds:RSAKeyValue": 1},
    "ds:RSAKeyValue": {"ds:Modulus": 1, "ds:Exponent": 1},
    "ds:X509Data": {"ds:X509Certificate": _FEW, "ds:X509SubjectName": 1, "ds:X509IssuerSerial": 1, "ds:X509SKI": 1},
    "ds:X509IssuerSerial": {"ds:X509IssuerName": 1, "ds:X509SerialNumber": 1},
    "a:EncryptedAssertion": {"x:EncryptedData": 1, "x:EncryptedKey": 1},
    "x:EncryptedData": {"x:EncryptionMethod": 1, "ds:KeyInfo": 1, "x:CipherData": 1},
    "x:EncryptedData/ds:KeyInfo": {"x:EncryptedKey": 1, "ds:RetrievalMethod": 1},
    "x:EncryptedKey": {"x:EncryptionMethod": 1, "ds:KeyInfo": 1, "x:CipherData": 1},
    "x:EncryptedKey/ds:KeyInfo": {"ds:KeyName": 1, "ds:X509Data": 1},
    "x:EncryptedKey/x:EncryptionMethod": {"ds:DigestMethod": 1, "x11:MGF": 1},
    "x:CipherData": {"x:CipherValue": 1},
}

_SHORT: Final = {namespace: prefix for prefix, namespace in PREFIXES.items()}
_TYPE: Final = f"{{{SCHEMA_INSTANCE}}}type"
_NIL: Final = f"{{{SCHEMA_INSTANCE}}}nil"
# AttributeValue says what type it has; Attribute is where profiles and products put attributes of their own.
_QUALIFIED: Final = {"a:AttributeValue": frozenset({_TYPE, _NIL})}


def short_name(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    """``prefix:Name``, or the empty text for an element that is in none of our namespaces."""
    namespace, _, local = str(element.tag).removeprefix("{").rpartition("}")
    prefix = _SHORT.get(namespace)
    return "" if prefix is None else f"{prefix}:{local}"


def check_grammar(root: Any, expected: str) -> None:  # noqa: ANN401 - lxml has no types
    """Hold a whole document to the table.

    Args:
        root: its root element.
        expected: what the root has to be, such as ``p:Response``.

    Raises:
        SignInRefusedError: an element that is not expected, not expected there, or there too often.
    """
    if short_name(root) != expected:
        raise SignInRefusedError(Refusal.SAML_STRUCTURE)
    seen = 0
    pending = [("", root)]
    while pending:
        above, element = pending.pop()
        name = short_name(element)
        seen += 1
        if seen > MAX_ELEMENTS:
            raise SignInRefusedError(Refusal.SAML_STRUCTURE)
        _check_attributes(name, element)
        allowed = _CHILDREN.get(f"{above}/{name}")
        if allowed is None:
            allowed = _CHILDREN.get(name, {})
        counts: dict[str, int] = {}
        for child in element:
            kind = short_name(child)
            counts[kind] = counts.get(kind, 0) + 1
            if counts[kind] > allowed.get(kind, 0):
                raise SignInRefusedError(Refusal.SAML_STRUCTURE)
            pending.append((name, child))


def _check_attributes(name: str, element: Any) -> None:  # noqa: ANN401 - lxml has no types
    for attribute in element.attrib:
        if not attribute.startswith("{"):
            continue
        namespace = attribute[1:].partition("}")[0]
        ours = namespace in _SHORT or namespace == SCHEMA_INSTANCE
        if not (attribute in _QUALIFIED.get(name, ()) or (name == "a:Attribute" and not ours)):
            raise SignInRefusedError(Refusal.SAML_STRUCTURE)
