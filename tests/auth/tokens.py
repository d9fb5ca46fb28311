"""Access tokens made by hand, honest and otherwise."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

import orjson
from joserfc import jws
from joserfc.util import urlsafe_b64encode
from pydantic import SecretStr

from auth.sessions.access_token import audience, signing_kid, verify
from auth.sessions.key_ring import KeyPair, KeyRing, new_key
from auth.unauthenticated import UnauthenticatedError
from settings import DEVELOPMENT_KEY, Settings

if TYPE_CHECKING:
    from joserfc.jwk import ECKey

SETTINGS: Final = Settings(
    environment="development",
    key_encryption_key=SecretStr(DEVELOPMENT_KEY),
    public_url="http://127.0.0.1:8000",
    redis_url=None,
)

MEMBER: Final = UUID("00000000-0000-7000-8000-000000000001")
TENANT: Final = UUID("00000000-0000-7000-8000-000000000002")
SESSION: Final = UUID("00000000-0000-7000-8000-000000000003")


def key_pair() -> KeyPair:
    key = new_key()
    return KeyPair(kid=key.thumbprint(), private=key, created_at=datetime.now(UTC))


PAIR: Final = key_pair()
RING: Final = KeyRing((PAIR,))


def honest_header() -> dict[str, object]:
    return {"alg": "ES256", "typ": "at+jwt", "kid": PAIR.kid}


def honest_claims() -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": SETTINGS.public_url,
        "aud": audience(SETTINGS),
        "sub": str(MEMBER),
        "tid": str(TENANT),
        "sid": str(SESSION),
        "jti": "00000000-0000-4000-8000-000000000004",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
    }


def encode(part: object) -> str:
    """A part of a token; bytes are taken as they are, so that broken JSON can be sent too."""
    return urlsafe_b64encode(part if isinstance(part, bytes) else orjson.dumps(part)).decode()


def sign(header: object, claims: object, key: ECKey = PAIR.private) -> str:
    """A token whose signature is a good ES256 one, whatever its header and claims are."""
    signing_input = f"{encode(header)}.{encode(claims)}".encode()
    signature = jws.JWSRegistry.algorithms["ES256"].sign(signing_input, key)
    return f"{signing_input.decode()}.{urlsafe_b64encode(signature).decode()}"


def believed(token: str) -> bool:
    """What the gateway thinks of a token, from its text to its claims."""
    try:
        key = RING.verifier(signing_kid(token), datetime.now(UTC))
        if key is None:
            return False
        verify(SETTINGS, token, key)
    except UnauthenticatedError:
        return False
    return True
