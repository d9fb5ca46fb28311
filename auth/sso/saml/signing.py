"""Our own signatures: within a message that is posted, or beside one that goes in an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import xmlsec
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

if TYPE_CHECKING:
    from auth.sso.saml.service_provider_key import KeyPair

_SECOND: Final = 1


def sign(element: Any, private_key: bytes, algorithm: Any, *, certificate: bytes | None = None) -> None:  # noqa: ANN401 - neither lxml nor xmlsec has types
    """Sign an element in its place: after its issuer, as the schemas have it.

    Args:
        element: with an ``ID``, whose first child is the issuer.
        private_key: PEM.
        algorithm: one of xmlsec's constants.
        certificate: PEM, to be shown along; who verifies may tell keys apart by it.
    """
    names = xmlsec.constants
    signature = xmlsec.template.create(element, names.TransformExclC14N, algorithm, ns="ds")
    element.insert(_SECOND, signature)
    reference = xmlsec.template.add_reference(signature, names.TransformSha256, uri=f"#{element.get('ID')}")
    xmlsec.template.add_transform(reference, names.TransformEnveloped)
    xmlsec.template.add_transform(reference, names.TransformExclC14N)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(private_key, names.KeyDataFormatPem)
    if certificate is not None:
        xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
        context.key.load_cert_from_memory(certificate, names.KeyDataFormatCertPem)
    context.register_id(element, "ID")
    context.sign(signature)


def sign_message(element: Any, pair: KeyPair) -> None:  # noqa: ANN401 - lxml has no types
    """Sign one of our messages with a key of the connection (RSA with SHA-256)."""
    private = pair.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    certificate = pair.certificate.public_bytes(Encoding.PEM)
    sign(element, private, xmlsec.constants.TransformRsaSha256, certificate=certificate)


def detached(octets: bytes, pair: KeyPair) -> bytes:
    """A signature of these very bytes (RSA with SHA-256)."""
    return pair.private_key.sign(octets, PKCS1v15(), SHA256())
