"""Secrets at rest, and state that a browser carries for us: sealed with AES-256-GCM.

Each purpose has a key of its own, derived from the key encryption key (HKDF, RFC 5869), and each value is bound to the
thing it belongs to as associated data. So a value that was sealed for one purpose, or for another row, does not open.
"""

from __future__ import annotations

import os
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

if TYPE_CHECKING:
    from settings import Settings

_NONCE_BYTES: Final = 12
_KEY_BYTES: Final = 32


class Purpose(StrEnum):
    """What a derived key is for. The names go into the keys: a changed name makes what it sealed unreadable."""

    SIGNING_KEY = "signing key"
    CLIENT_SECRET = "client secret"  # noqa: S105 # a name, not a secret
    SIGN_IN_STATE = "sign-in state"
    REFRESH_TOKEN = "refresh token"  # noqa: S105 # a name, not a secret
    CONNECTION_TEST = "connection test"
    DEVELOPMENT_CLIENT = "development client"
    SERVICE_PROVIDER_KEY = "service provider key"
    LOGOUT_NAME = "logout name"
    SCIM_CURSOR = "SCIM cursor"


class UnsealError(Exception):
    """The value was not sealed by us for this purpose and this thing, or was changed since."""


@lru_cache(maxsize=32)
def _derive(key_encryption_key: bytes, purpose: Purpose) -> bytes:
    info = f"fieldgate {purpose}".encode()
    return HKDF(algorithm=SHA256(), length=_KEY_BYTES, salt=None, info=info).derive(key_encryption_key)


def derived_key(settings: Settings, purpose: Purpose) -> bytes:
    """The 32-byte key of one purpose."""
    return _derive(settings.key_encryption_key_bytes, purpose)


def seal(settings: Settings, purpose: Purpose, plaintext: bytes, *, bound_to: str) -> bytes:
    """Encrypt ``plaintext`` so that only ``unseal`` with the same purpose and ``bound_to`` opens it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(derived_key(settings, purpose)).encrypt(nonce, plaintext, bound_to.encode())


def unseal(settings: Settings, purpose: Purpose, sealed: bytes, *, bound_to: str) -> bytes:
    """What was sealed.

    Raises:
        UnsealError: see there.
    """
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return AESGCM(derived_key(settings, purpose)).decrypt(nonce, ciphertext, bound_to.encode())
    except (InvalidTag, ValueError) as failure:  # ValueError: too short to hold a nonce
        raise UnsealError from failure
