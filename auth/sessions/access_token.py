"""Access tokens: short-lived JWTs after RFC 9068, signed by us for our own GraphQL endpoint."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import UUID, uuid4

from joserfc import jwt

from auth.acting import Acting, acting_claims, acting_of
from auth.compact_jws import MalformedTokenError, read_header, verified_claims
from auth.sessions.key_ring import ALGORITHM
from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from joserfc.jwk import ECKey

    from auth.sessions.key_ring import KeyPair
    from settings import Settings

TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 # RFC 9068's name
# Room for a scope of every permission there is, twice over.
MAX_CHARACTERS: Final = 4096

# Our own servers' clocks may differ by this much. An expiry is never stretched: tokens are short as it is.
_CLOCK_SKEW_SECONDS: Final = 10
_HEADERS: Final = frozenset({"alg", "typ", "kid"})
_LAST_SECOND: Final = 2**40


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom a token is about.

    Attributes:
        tenant_id: the tenant, whose schema the member is in.
        member_id: the member.
        session_id: the sign-in that the token came from.
        authenticated_at: when the identity provider saw the person, in seconds since the epoch; 0: it does not say.
        acting: what stands between the caller and the member; ``None``: it is the member, who signed in.
        acr: how strongly the person proved who they are, in the provider's words, if it has said so.
    """

    tenant_id: UUID
    member_id: UUID
    session_id: UUID
    authenticated_at: int
    acting: Acting | None = None
    acr: str | None = None


@dataclass(frozen=True, slots=True)
class AccessToken:
    """What a verified token says. Times are seconds since the epoch."""

    subject: Subject
    kid: str
    issued_at: int
    expires_at: int


def audience(settings: Settings) -> str:
    """The one resource that our tokens are for."""
    return f"{settings.public_url.rstrip('/')}/graphql"


def issue(
    settings: Settings, pair: KeyPair, subject: Subject, *, seconds: int | None = None, now: int | None = None
) -> str:
    """Sign a token that is good for ``settings.access_token_seconds`` from now, or for fewer ``seconds``."""
    now = int(time.time()) if now is None else now
    longest = settings.access_token_seconds
    claims = {
        "iss": settings.public_url,
        "aud": audience(settings),
        "sub": str(subject.member_id),
        "tid": str(subject.tenant_id),
        "sid": str(subject.session_id),
        "jti": str(uuid4()),
        "iat": now,
        "exp": now + (longest if seconds is None else min(seconds, longest)),
        "auth_time": subject.authenticated_at,
        **acting_claims(subject.acting),
        **({} if subject.acr is None else {"acr": subject.acr}),
    }
    header = {"alg": ALGORITHM, "typ": TOKEN_TYPE, "kid": pair.kid}
    return jwt.encode(header, claims, pair.private, algorithms=[ALGORITHM])


def signing_kid(text: str) -> str:
    """The id of the key that a token says it was signed with.

    Raises:
        UnauthenticatedError: it does not have the one form that we issue.
    """
    try:
        header = read_header(text, max_characters=MAX_CHARACTERS)
    except MalformedTokenError as failure:
        raise UnauthenticatedError(str(failure)) from failure
    kid = header.get("kid")
    # Our own header has these three and no other. ``typ`` keeps ID tokens, and whatever else we sign, out.
    if header.keys() != _HEADERS or not isinstance(kid, str):
        message = "not an access token's header"
        raise UnauthenticatedError(message)
    if header["alg"] != ALGORITHM or header["typ"] != TOKEN_TYPE:
        message = "not an access token's algorithm or type"
        raise UnauthenticatedError(message)
    return kid


def verify(settings: Settings, text: str, key: ECKey) -> AccessToken:
    """Believe a token that ``key``, the one that ``signing_kid`` names, has signed; or refuse it.

    Raises:
        UnauthenticatedError: it is not ours, not for us, or its time has passed.
    """
    kid = signing_kid(text)
    try:
        claims = verified_claims(text, key, ALGORITHM)
    except MalformedTokenError as failure:
        raise UnauthenticatedError(str(failure)) from failure
    if claims.get("iss") != settings.public_url or claims.get("aud") != audience(settings):
        message = "issued by or for someone else"
        raise UnauthenticatedError(message)
    _identifier(claims, "jti")
    subject = Subject(
        tenant_id=_identifier(claims, "tid"),
        member_id=_identifier(claims, "sub"),
        session_id=_identifier(claims, "sid"),
        authenticated_at=_seconds(claims, "auth_time"),
        acting=acting_of(claims),
        acr=_text(claims, "acr"),
    )
    token = AccessToken(subject, kid, issued_at=_seconds(claims, "iat"), expires_at=_seconds(claims, "exp"))
    refuse_untimely(settings, token)
    return token


def refuse_untimely(settings: Settings, token: AccessToken) -> None:
    """Refuse what has expired, comes from the future, or lives longer than we let any token live.

    Raises:
        UnauthenticatedError: one of these.
    """
    now = time.time()
    if now >= token.expires_at:
        message = "expired"
        raise UnauthenticatedError(message)
    lifetime = token.expires_at - token.issued_at
    if token.issued_at > now + _CLOCK_SKEW_SECONDS or not 0 < lifetime <= settings.access_token_seconds:
        message = "times that we never issue"
        raise UnauthenticatedError(message)


def _identifier(claims: Mapping[str, object], name: str) -> UUID:
    value = claims.get(name)
    try:
        if isinstance(value, str):
            identifier = UUID(value)
            if str(identifier) == value:  # UUID() also reads braces, URNs and upper case, which we never write
                return identifier
    except ValueError:
        pass
    message = f"{name} missing or not an identifier"
    raise UnauthenticatedError(message)


def _text(claims: Mapping[str, object], name: str) -> str | None:
    value = claims.get(name)
    if name not in claims or (isinstance(value, str) and value):
        return value if isinstance(value, str) else None
    message = f"{name} is no text"
    raise UnauthenticatedError(message)


def _seconds(claims: Mapping[str, object], name: str) -> int:
    value = claims.get(name)
    if type(value) is int and 0 <= value < _LAST_SECOND:  # ``isinstance`` would let ``true`` pass
        return value
    message = f"{name} missing or not a time"
    raise UnauthenticatedError(message)
