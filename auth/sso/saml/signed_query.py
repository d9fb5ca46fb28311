"""Signatures beside a message that came in an address (SAML 2.0 Bindings 3.4.4.1)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.names import ECDSA_SHA256, RSA_SHA256

if TYPE_CHECKING:
    from collections.abc import Sequence

    from auth.sso.saml.certificate import TrustedKey

# Two numbers of this length, one after the other, as XML signatures have them.
_NUMBER_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class SignedQuery:
    """What is signed, and how.

    Attributes:
        octets: the parts of the query that are signed, escaped as they came, in the order that the standard has.
        algorithm: what the sender says that it has signed by.
        signature: of the octets.
    """

    octets: bytes = field(repr=False)
    algorithm: str
    signature: bytes = field(repr=False)


def check_query(query: SignedQuery, keys: Sequence[TrustedKey]) -> None:
    """Whether one of the keys has signed it.

    Raises:
        SignInRefusedError: none has, or not by an algorithm that we take.
    """
    if query.algorithm not in {RSA_SHA256, ECDSA_SHA256}:
        raise SignInRefusedError(Refusal.SAML_SIGNATURE_FORM)
    if not any(_holds(query, key) for key in keys):
        raise SignInRefusedError(Refusal.SAML_SIGNATURE)


def _holds(query: SignedQuery, trusted: TrustedKey) -> bool:
    key = load_pem_public_key(trusted.pem)
    try:
        if isinstance(key, RSAPublicKey) and query.algorithm == RSA_SHA256:
            key.verify(query.signature, query.octets, PKCS1v15(), SHA256())
            return True
        if isinstance(key, EllipticCurvePublicKey) and query.algorithm == ECDSA_SHA256:
            key.verify(_der(query.signature), query.octets, ECDSA(SHA256()))
            return True
    except InvalidSignature:
        return False
    return False


def _der(signature: bytes) -> bytes:
    if len(signature) != 2 * _NUMBER_BYTES:
        raise InvalidSignature
    first, second = (int.from_bytes(part) for part in (signature[:_NUMBER_BYTES], signature[_NUMBER_BYTES:]))
    return encode_dss_signature(first, second)
