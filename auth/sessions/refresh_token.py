"""Refresh tokens: opaque to whoever holds them, and of no use to whoever steals the database.

A token is ``session id (16 bytes) | secret (32) | tag (16)`` in base64url. We store its SHA-256 alone. The tag, an HMAC
of the rest under a key that is not in the database, tells our tokens from invented ones without asking it: so every
token with a good tag that is not the current one of its session was issued, and has been replaced. That is what makes
a token of any age that is shown again a sign of theft, and an invented one nothing.

The secret of the next token is an HMAC of the present one. Whoever lost the answer to a rotation can therefore be given
the same answer again, though neither token is stored.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from joserfc.util import urlsafe_b64decode, urlsafe_b64encode

from auth.sealing import Purpose, derived_key

if TYPE_CHECKING:
    from settings import Settings

_ID_BYTES: Final = 16
_SECRET_BYTES: Final = 32
_TAG_BYTES: Final = 16
_CHARACTERS: Final = 86


@dataclass(frozen=True, slots=True)
class RefreshToken:
    """A token that we issued.

    Attributes:
        session_id: the session that it continues, if it is still the one to do so.
        text: what the client holds. Never logged, never stored.
    """

    session_id: UUID
    text: str = field(repr=False)

    @property
    def digest(self) -> bytes:
        """What is stored of it."""
        return hashlib.sha256(self.text.encode()).digest()


def first_token(settings: Settings, session_id: UUID) -> RefreshToken:
    """The token that a session starts with."""
    return _token(settings, session_id, secrets.token_bytes(_SECRET_BYTES))


def next_token(settings: Settings, token: RefreshToken) -> RefreshToken:
    """The token that replaces ``token``: always the same one."""
    secret = _hmac(settings, b"next", token.text.encode())
    return _token(settings, token.session_id, secret)


def recognised_token(settings: Settings, text: str) -> RefreshToken | None:
    """The token, if it is one that we issued at some time."""
    if len(text) != _CHARACTERS or not text.isascii():
        return None
    try:
        decoded = urlsafe_b64decode(text.encode())
    except ValueError:
        return None
    body, tag = decoded[:-_TAG_BYTES], decoded[-_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(settings, body)):
        return None
    return RefreshToken(UUID(bytes=body[:_ID_BYTES]), text)


def _token(settings: Settings, session_id: UUID, secret: bytes) -> RefreshToken:
    body = session_id.bytes + secret
    return RefreshToken(session_id, urlsafe_b64encode(body + _tag(settings, body)).decode())


def _tag(settings: Settings, body: bytes) -> bytes:
    return _hmac(settings, b"tag", body)[:_TAG_BYTES]


def _hmac(settings: Settings, use: bytes, message: bytes) -> bytes:
    return hmac.digest(derived_key(settings, Purpose.REFRESH_TOKEN), use + b"\0" + message, "sha256")
