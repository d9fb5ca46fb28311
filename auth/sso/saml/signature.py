"""Signatures on elements: what is signed is returned, and nothing else of the document is to be looked at after.

The element is taken out of its document first, with the namespaces that are in scope. So its one signature can refer to
nothing but it. xmlsec verifies that with the keys of the connection; then the element is put into canonical form once
more, and only if the digest of those very bytes is the signed one are they parsed, and handed out.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

import xmlsec
from lxml import etree

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.guard import parsed
from auth.sso.saml.names import ECDSA_SHA256, ENVELOPED, EXCLUSIVE, RSA_SHA256, SHA256, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth.sso.saml.certificate import TrustedKey

_SIGNATURE: Final = tag("ds:Signature")
_ALGORITHMS: Final = {"RSA": RSA_SHA256, "EC": ECDSA_SHA256}


def is_signed(element: Any) -> bool:  # noqa: ANN401 - lxml has no types
    """Whether it claims to be: it has a signature as a child."""
    return element.find(_SIGNATURE) is not None


def verified(element: Any, keys: Sequence[TrustedKey]) -> Any:  # noqa: ANN401 - lxml has no types
    """Exactly what one of the keys has signed, parsed anew, without the signature.

    Args:
        element: from a guarded document.
        keys: of the connection. What the signature itself says about its key is not looked at.

    Raises:
        SignInRefusedError: there is not exactly one signature of the element, or it does not hold.
    """
    alone = parsed(etree.tostring(element, with_tail=False, encoding="utf-8"))
    signatures = alone.findall(_SIGNATURE)
    if len(signatures) != 1:
        raise SignInRefusedError(Refusal.SAML_SIGNATURE_MISSING)
    signature = signatures[0]
    # A key that a signature brings along is anybody's: what is not there can be used by nothing that verifies it. It is
    # no part of what is signed.
    for information in signature.findall(tag("ds:KeyInfo")):
        signature.remove(information)
    _check_form(signature, alone)
    method = signature.find("/".join((tag("ds:SignedInfo"), tag("ds:SignatureMethod")))).get("Algorithm")
    if not any(_holds(alone, signature, key) for key in keys if _ALGORITHMS.get(key.kind) == method):
        raise SignInRefusedError(Refusal.SAML_SIGNATURE)
    return _signed_part(alone, signature)


def _check_form(signature: Any, element: Any) -> None:  # noqa: ANN401 - lxml has no types
    information = signature.find(tag("ds:SignedInfo"))
    reference = information.find(tag("ds:Reference"))
    transforms = reference.findall("/".join((tag("ds:Transforms"), tag("ds:Transform"))))
    identifier = element.get("ID")
    holds = (
        bool(identifier)
        and reference.get("URI") == f"#{identifier}"
        and [each.get("Algorithm") for each in transforms] == [ENVELOPED, EXCLUSIVE]
        and information.find(tag("ds:CanonicalizationMethod")).get("Algorithm") == EXCLUSIVE
        and information.find(tag("ds:SignatureMethod")).get("Algorithm") in _ALGORITHMS.values()
        and reference.find(tag("ds:DigestMethod")).get("Algorithm") == SHA256
    )
    if not holds:
        raise SignInRefusedError(Refusal.SAML_SIGNATURE_FORM)


def _holds(element: Any, signature: Any, key: TrustedKey) -> bool:  # noqa: ANN401 - lxml has no types
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.pem, xmlsec.constants.KeyDataFormatPem)
    context.register_id(element, "ID")
    try:
        context.verify(signature)
    except xmlsec.Error:
        return False
    return True


def _signed_part(element: Any, signature: Any) -> Any:  # noqa: ANN401 - lxml has no types
    reference = signature.find("/".join((tag("ds:SignedInfo"), tag("ds:Reference"))))
    prefixes = reference.findall(f".//{tag('ec:InclusiveNamespaces')}")
    listed = prefixes[0].get("PrefixList", "").split() if prefixes else None
    expected = "".join(reference.find(tag("ds:DigestValue")).itertext())
    _remove(signature)
    canonical = etree.tostring(element, method="c14n", exclusive=True, inclusive_ns_prefixes=listed)
    if not hmac.compare_digest(hashlib.sha256(canonical).digest(), base64.b64decode(expected)):
        raise SignInRefusedError(Refusal.SAML_SIGNATURE)
    return parsed(canonical)


def _remove(child: Any) -> None:  # noqa: ANN401 - lxml has no types
    """Take an element out but leave the text that follows it, which is the parent's and is signed."""
    parent, before = child.getparent(), child.getprevious()
    if child.tail:
        if before is None:
            parent.text = (parent.text or "") + child.tail
        else:
            before.tail = (before.tail or "") + child.tail
    parent.remove(child)
