"""Opening an encrypted assertion: AES-GCM under RSA-OAEP and nothing else.

Modes without authentication (CBC) and the older padding (RSA 1.5) let whoever may ask often enough read a message by
how it fails. Here every way to fail is the same refusal. What comes out is bytes: as untrusted as any message, since
our certificate is public and anybody can encrypt to it.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SHA384, SHA512

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.names import ENCRYPTION, ENCRYPTION_11, SIGNATURE, tag

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.hazmat.primitives.hashes import HashAlgorithm

_KEY_BYTES: Final = {f"{ENCRYPTION_11}aes{bits}-gcm": bits // 8 for bits in (128, 192, 256)}
_IV_BYTES: Final = 12

_OAEP_SHA1: Final = f"{ENCRYPTION}rsa-oaep-mgf1p"
_OAEP: Final = f"{ENCRYPTION_11}rsa-oaep"

# Within OAEP nothing depends on collisions, so SHA-1, the standard's default, is as good as the others.
_HASHES: Final[dict[str | None, HashAlgorithm]] = {
    None: SHA1(),  # noqa: S303 - see above
    f"{SIGNATURE}sha1": SHA1(),  # noqa: S303 - see above
    f"{ENCRYPTION}sha256": SHA256(),
    "http://www.w3.org/2001/04/xmldsig-more#sha384": SHA384(),
    f"{ENCRYPTION}sha512": SHA512(),
}
_MASKS: Final[dict[str | None, HashAlgorithm]] = {
    None: SHA1(),  # noqa: S303 - see above
    f"{ENCRYPTION_11}mgf1sha1": SHA1(),  # noqa: S303 - see above
    f"{ENCRYPTION_11}mgf1sha256": SHA256(),
    f"{ENCRYPTION_11}mgf1sha384": SHA384(),
    f"{ENCRYPTION_11}mgf1sha512": SHA512(),
}


def decrypted(encrypted_assertion: Any, keys: Sequence[RSAPrivateKey]) -> bytes:  # noqa: ANN401 - lxml has no types
    """The bytes of an assertion.

    Args:
        encrypted_assertion: from a guarded document.
        keys: ours, of this connection.

    Raises:
        SignInRefusedError: none of them opens it, or it is encrypted in a way that we do not take.
    """
    try:
        return _decrypted(encrypted_assertion, keys)
    except (InvalidTag, ValueError, KeyError, AttributeError) as failure:
        raise SignInRefusedError(Refusal.SAML_ENCRYPTION) from failure


def _decrypted(encrypted_assertion: Any, keys: Sequence[RSAPrivateKey]) -> bytes:  # noqa: ANN401 - lxml has no types
    data = encrypted_assertion.find(tag("x:EncryptedData"))
    wrapped = encrypted_assertion.findall(f".//{tag('x:EncryptedKey')}")
    if len(wrapped) != 1:
        message = "not one key"
        raise ValueError(message)
    size = _KEY_BYTES[data.find(tag("x:EncryptionMethod")).get("Algorithm")]
    content = _cipher_value(data)
    padding, key = _padding(wrapped[0].find(tag("x:EncryptionMethod"))), _cipher_value(wrapped[0])
    for private_key in keys:
        try:
            opened = private_key.decrypt(key, padding)
        except ValueError:
            continue
        if len(opened) == size:
            return AESGCM(opened).decrypt(content[:_IV_BYTES], content[_IV_BYTES:], None)
    message = "no key of ours"
    raise ValueError(message)


def _padding(method: Any) -> OAEP:  # noqa: ANN401 - lxml has no types
    algorithm, digest, mask = method.get("Algorithm"), method.find(tag("ds:DigestMethod")), method.find(tag("x11:MGF"))
    if algorithm not in {_OAEP_SHA1, _OAEP} or (algorithm == _OAEP_SHA1 and mask is not None):
        message = "not OAEP"
        raise ValueError(message)
    return OAEP(
        mgf=MGF1(_MASKS[None if mask is None else mask.get("Algorithm")]),
        algorithm=_HASHES[None if digest is None else digest.get("Algorithm")],
        label=None,
    )


def _cipher_value(element: Any) -> bytes:  # noqa: ANN401 - lxml has no types
    value = element.find("/".join((tag("x:CipherData"), tag("x:CipherValue"))))
    return base64.b64decode("".join("".join(value.itertext()).split()), validate=True)
