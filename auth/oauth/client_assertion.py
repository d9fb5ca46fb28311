"""``private_key_jwt`` (RFC 7523): a client proves itself by signing a short note to us, which is good once."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID

from joserfc.util import urlsafe_b64decode

from auth.compact_jws import ALGORITHMS, MalformedTokenError, read_header, strict_object, verified_claims
from auth.jwk_set import find_key
from auth.oauth.refused_client import RefusedClientError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from models.shared import Client
    from settings import Settings

ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST_SECONDS: Final = 300

_MAX_CHARACTERS: Final = 8192
_CLOCK_SKEW_SECONDS: Final = 30
_LONGEST_JTI: Final = 255
_KINDS: Final = frozenset({"JWT", "CLIENT-AUTHENTICATION+JWT"})


@dataclass(frozen=True, slots=True)
class Assertion:
    """What was sent, before anything vouches for it."""

    text: str
    client_id: UUID
    algorithm: str
    kid: object


def read_assertion(text: str) -> Assertion:
    """Whose it says it is: good for finding the keys to verify it with, nothing else.

    Raises:
        RefusedClientError: it is not a signed token of a kind that we take.
    """
    try:
        header = read_header(text, max_characters=_MAX_CHARACTERS)
        claims = _unverified_claims(text)
    except MalformedTokenError as failure:
        raise RefusedClientError(str(failure)) from failure
    algorithm, kind, subject = header.get("alg"), header.get("typ", "JWT"), claims.get("sub")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        message = "algorithm not on the list"
        raise RefusedClientError(message)
    if not isinstance(kind, str) or kind.upper() not in _KINDS:
        message = "a token of another type"
        raise RefusedClientError(message)
    try:
        client_id = UUID(subject) if isinstance(subject, str) else None
    except ValueError:
        client_id = None
    if client_id is None:
        message = "names no client"
        raise RefusedClientError(message)
    return Assertion(text, client_id, algorithm, header.get("kid"))


def verified_assertion(settings: Settings, assertion: Assertion, client: Client) -> UUID:
    """The id of its one use, which the caller must insert somewhere unique before it acts on the assertion.

    Raises:
        RefusedClientError: it is not signed by the client, not for us, or outside its time.
    """
    keys = (client.jwks or {}).get("keys")
    key = find_key(keys if isinstance(keys, list) else [], assertion.algorithm, assertion.kid)
    if key is None:
        message = "no such key of the client"
        raise RefusedClientError(message)
    try:
        claims = verified_claims(assertion.text, key, assertion.algorithm)
    except MalformedTokenError as failure:
        raise RefusedClientError(str(failure)) from failure
    if claims.get("iss") != str(client.id) or claims.get("sub") != str(client.id):
        message = "issuer and subject are not the client"
        raise RefusedClientError(message)
    _check_audience(settings, claims.get("aud"))
    _check_times(claims)
    jti = claims.get("jti")
    if not isinstance(jti, str) or not 0 < len(jti) <= _LONGEST_JTI:
        message = "without an id of its own"
        raise RefusedClientError(message)
    return UUID(bytes=hashlib.sha256(f"{client.id} {jti}".encode()).digest()[:16], version=5)


def _unverified_claims(text: str) -> Mapping[str, object]:
    """The claims of a token that has the compact form, by nobody's word.

    Raises:
        MalformedTokenError: they are not strict JSON.
    """
    try:
        return strict_object(urlsafe_b64decode(text.split(".")[1].encode()))
    except ValueError as failure:
        message = "claims are not strict JSON"
        raise MalformedTokenError(message) from failure


def _check_audience(settings: Settings, audience: object) -> None:
    # The issuer is what RFC 7523 is being tightened to; the token endpoint is what many clients still send.
    ours = {settings.public_url, f"{settings.public_url.rstrip('/')}/auth/token"}
    named = audience if isinstance(audience, list) else [audience]
    if not named or not all(isinstance(each, str) and each in ours for each in named):
        message = "for somebody else"
        raise RefusedClientError(message)


def _check_times(claims: Mapping[str, object]) -> None:
    now = time.time()
    expires_at = claims.get("exp")
    if type(expires_at) is not int or not now < expires_at <= now + LONGEST_SECONDS + _CLOCK_SKEW_SECONDS:
        message = "expired, or good for too long"
        raise RefusedClientError(message)
    for name in ("iat", "nbf"):
        value = claims.get(name, 0)
        if type(value) is not int or value > now + _CLOCK_SKEW_SECONDS:
            message = "from the future"
            raise RefusedClientError(message)
