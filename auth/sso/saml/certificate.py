"""The certificates that a connection trusts: a key each, put there by the tenant's owner, never by a message.

Trust is in the key. Nobody's signature under the certificate is checked, as there is no authority that both sides know;
that a certificate is out of date is something to tell the owner about, not a reason to lock everybody out.
"""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

if TYPE_CHECKING:
    from datetime import datetime

MIN_RSA_BITS: Final = 2048

_MAX_CHARACTERS: Final = 16_384
_WEAK_HASHES: Final = frozenset({"md5", "sha1"})


class CertificateRefusedError(ValueError):
    """It is no certificate, or its key is not one to trust signatures of."""


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """One key of an identity provider.

    Attributes:
        kind: ``RSA`` or ``EC``.
        pem: the public key.
        expires_at: when its certificate says that it ends.
        weakly_signed: whether the certificate itself is signed with SHA-1 or worse.
    """

    kind: str
    pem: bytes
    expires_at: datetime
    weakly_signed: bool


def trusted_key(text: str) -> TrustedKey:
    """The key in a certificate, given in base64 as metadata has it.

    Raises:
        CertificateRefusedError: there is none that will do.
    """
    compact = "".join(text.split())
    try:
        if len(compact) > _MAX_CHARACTERS:
            raise CertificateRefusedError
        certificate = x509.load_der_x509_certificate(base64.b64decode(compact, validate=True))
        key = certificate.public_key()
        weak = (certificate.signature_hash_algorithm or _NoHash).name in _WEAK_HASHES
        pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    except (ValueError, TypeError, binascii.Error, UnsupportedAlgorithm) as failure:
        raise CertificateRefusedError from failure
    if isinstance(key, RSAPublicKey) and key.key_size >= MIN_RSA_BITS:
        return TrustedKey("RSA", pem, certificate.not_valid_after_utc, weak)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return TrustedKey("EC", pem, certificate.not_valid_after_utc, weak)
    raise CertificateRefusedError


class _NoHash:
    name = ""
