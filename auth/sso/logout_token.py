"""Logout tokens (OpenID Connect Back-Channel Logout 1.0): a provider's word that somebody has signed out there."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeGuard

from auth.compact_jws import MalformedTokenError, read_header, verified_claims
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.sso.metadata import ProviderMetadata
    from auth.sso.provider import Provider
    from auth.sso.provider_keys import ProviderKeys

EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
MAX_CHARACTERS: Final = 8_192
CLOCK_SKEW_SECONDS: Final = 60
# The specification recommends two minutes; a provider that retries for longer makes a new token.
MAX_AGE_SECONDS: Final = 300

_MAX_NAME: Final = 500


@dataclass(frozen=True, slots=True)
class LogoutClaims:
    """What is ended.

    Attributes:
        subject: everybody's sessions who is this person there, unless ``provider_session`` narrows it down.
        provider_session: the provider's name for the one session that ended.
        token_id: names the token, which counts once.
        expires_at: after that the token is refused for its age, in seconds since the epoch.
    """

    subject: str | None
    provider_session: str | None
    token_id: str
    expires_at: int


async def verified_logout(
    provider: Provider, metadata: ProviderMetadata, keys: ProviderKeys, token: str
) -> LogoutClaims:
    """What a logout token says, once everything about it has held (section 2.6 of the specification).

    Raises:
        SignInRefusedError: something has not.
    """
    try:
        header = read_header(token, max_characters=MAX_CHARACTERS)
        algorithm, kind = header.get("alg"), header.get("typ", "JWT")
        if not isinstance(algorithm, str) or algorithm not in metadata.algorithms:
            raise SignInRefusedError(Refusal.LOGOUT_TOKEN)
        # An ID token or an access token is signed with the same key, and says here what it is where it says anything.
        if not isinstance(kind, str) or kind.lower().removeprefix("application/") not in {"jwt", "logout+jwt"}:
            raise SignInRefusedError(Refusal.LOGOUT_TOKEN)
        key = await keys.key(provider, metadata, algorithm, header.get("kid"))
        claims = verified_claims(token, key, algorithm)
    except MalformedTokenError as failure:
        raise SignInRefusedError(Refusal.LOGOUT_TOKEN) from failure
    return _checked(provider, claims)


def _checked(provider: Provider, claims: Mapping[str, object]) -> LogoutClaims:
    issued, expires = claims.get("iat"), claims.get("exp")
    now = time.time()
    audience, events = claims.get("aud"), claims.get("events")
    token_id, subject, session = (claims.get(name) for name in ("jti", "sub", "sid"))
    holds = (
        claims.get("iss") == provider.issuer
        # For us alone: who shares a logout token with others has not said whose sessions these are.
        and audience in (provider.client_id, [provider.client_id])
        and isinstance(events, dict)
        and isinstance(events.get(EVENT), dict)
        # A nonce makes it an ID token, which anybody who signs in can get hold of.
        and "nonce" not in claims
        and _is_time(issued)
        and now - MAX_AGE_SECONDS - CLOCK_SKEW_SECONDS <= issued <= now + CLOCK_SKEW_SECONDS
        and _is_time(expires)
        and expires > now - CLOCK_SKEW_SECONDS
        and _is_name(token_id)
        and (subject is not None or session is not None)
        and all(value is None or _is_name(value) for value in (subject, session))
    )
    if not holds:
        raise SignInRefusedError(Refusal.LOGOUT_TOKEN)
    assert isinstance(token_id, str)  # noqa: S101 # checked above, as the next two are
    assert subject is None or isinstance(subject, str)  # noqa: S101 # as above
    assert session is None or isinstance(session, str)  # noqa: S101 # as above
    return LogoutClaims(subject, session, token_id, int(now) + MAX_AGE_SECONDS + 2 * CLOCK_SKEW_SECONDS)


def _is_time(value: object) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_name(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MAX_NAME
