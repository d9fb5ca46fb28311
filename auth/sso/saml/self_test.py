"""Whether what verifies signatures on this machine does: tried out before the first person signs in.

lxml hands xmlsec its trees as they are in memory. If the two were built with different versions of libxml2, nothing
says so: signatures fail, or the process crashes, or worse. A server that cannot tell a signed document from a changed
one must not begin to serve.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import xmlsec
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from lxml import etree

from auth.sso.refusal import SignInRefusedError
from auth.sso.saml.certificate import TrustedKey
from auth.sso.saml.guard import parsed
from auth.sso.saml.names import ASSERTION
from auth.sso.saml.signature import verified
from auth.sso.saml.signing import sign

_DOCUMENT: Final = f'<a:Assertion xmlns:a="{ASSERTION}" ID="_self-test"><a:Issuer>us</a:Issuer></a:Assertion>'


class SelfTestFailedError(RuntimeError):
    """The libraries that verify SAML messages do not work together here. The server does not start."""


def check_verification() -> None:
    """Sign a document with a key made for it, and see that it holds, and that nothing else does.

    Raises:
        SelfTestFailedError: it is not so.
    """
    _check_versions()
    signed, key = _signed_document()
    changed = signed.replace(b">us<", b">me<")
    if changed == signed or not _holds(signed, key) or _holds(changed, key) or _holds(signed, _signed_document()[1]):
        message = "SAML signatures are not verified as they should be by the lxml and xmlsec of this machine"
        raise SelfTestFailedError(message)


def _check_versions() -> None:
    versions = {
        "lxml runs with": etree.LIBXML_VERSION,
        "lxml was built with": etree.LIBXML_COMPILED_VERSION,
        "xmlsec runs with": xmlsec.get_libxml_version(),
        "xmlsec was built with": xmlsec.get_libxml_compiled_version(),
    }
    if len(set(versions.values())) != 1:
        listed = ", ".join(f"{name} {'.'.join(map(str, version))}" for name, version in versions.items())
        message = f"lxml and xmlsec must have the same libxml2: {listed}"
        raise SelfTestFailedError(message)


def _signed_document() -> tuple[bytes, TrustedKey]:
    # On a curve, as such a key is made in no time.
    private_key = generate_private_key(SECP256R1())
    document = parsed(_DOCUMENT.encode())
    private = private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    sign(document, private, xmlsec.constants.TransformEcdsaSha256)
    public = private_key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    serialised: bytes = etree.tostring(document)
    return serialised, TrustedKey("EC", public, datetime.max.replace(tzinfo=UTC), weakly_signed=False)


def _holds(raw: bytes, key: TrustedKey) -> bool:
    try:
        verified(parsed(raw), [key])
    except SignInRefusedError:
        return False
    return True
