"""ID tokens (OpenID Connect Core 3.1.3.7): the provider's word about a person, and what it takes for us to take it."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from authlib.oidc.core import CodeIDToken
from joserfc.errors import JoseError

from auth.compact_jws import MalformedTokenError, read_header, verified_claims
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from auth.sso.metadata import ProviderMetadata
    from auth.sso.provider import Provider
    from auth.sso.provider_keys import ProviderKeys

MAX_CHARACTERS: Final = 32_768
# The provider's clock and ours may differ by this much.
CLOCK_SKEW_SECONDS: Final = 60
# The token was made for the code that we have just exchanged. An old one comes from somewhere else, nonce or not.
MAX_AGE_SECONDS: Final = 600

# A time that is too long ago for everything.
NOT_SAID: Final = 0

_MAX_SUBJECT: Final = 255
_MAX_EMAIL: Final = 320
_MAX_NAME: Final = 200
_MAX_SESSION: Final = 500
_MAX_ACR: Final = 255
_MAX_VALUES: Final = 1_000


@dataclass(frozen=True, slots=True)
class Identity:
    """Who somebody is, in the words of one provider.

    Attributes:
        subject: the provider's name for the person: never reused, and nobody else's word counts for it.
        email: an address in printable ASCII, if the provider gave one.
        email_verified: whether the provider vouches that the address is the person's.
        authenticated_at: when the person proved who they are, in seconds since the epoch; 0: the provider does not say.
        full_name: what they are called, if the provider says so.
        groups: what the provider says they belong to.
        provider_session: the provider's name for its own session, by which it can end ours.
        acr: how strongly they proved who they are, in the provider's words.
        ends_at: when the provider wants the session to be over, if it says so.
        logout_name: what the provider calls the person, where a request to sign them out has to repeat it.
        claims: everything that the provider said. For mapping and for a dry run; never logged, never stored.
    """

    subject: str
    email: str | None
    email_verified: bool
    authenticated_at: int
    full_name: str | None = None
    groups: tuple[str, ...] = ()
    provider_session: str | None = None
    acr: str | None = None
    ends_at: datetime | None = None
    logout_name: str | None = field(default=None, repr=False)
    claims: Mapping[str, object] = field(default_factory=dict, repr=False, compare=False)


async def verified_identity(
    provider: Provider, metadata: ProviderMetadata, keys: ProviderKeys, *, tokens: Mapping[str, object], nonce: str
) -> Identity:
    """The identity in a token response, once everything about its ID token has held.

    Raises:
        SignInRefusedError: something has not.
    """
    id_token, access_token = tokens.get("id_token"), tokens.get("access_token")
    # A response without an ID token is OAuth, not OpenID Connect: nobody has said who the person is.
    if not isinstance(id_token, str) or not isinstance(access_token, str):
        raise SignInRefusedError(Refusal.ID_TOKEN_MISSING)
    try:
        header = read_header(id_token, max_characters=MAX_CHARACTERS)
    except MalformedTokenError as failure:
        raise SignInRefusedError(Refusal.ID_TOKEN_FORM) from failure
    algorithm, kind = header.get("alg"), header.get("typ", "JWT")
    if not isinstance(algorithm, str) or algorithm not in metadata.algorithms:
        raise SignInRefusedError(Refusal.ID_TOKEN_ALGORITHM)
    # Access tokens and logout tokens are signed with the same key, and say so here.
    if not isinstance(kind, str) or kind.upper() != "JWT":
        raise SignInRefusedError(Refusal.ID_TOKEN_FORM)
    key = await keys.key(provider, metadata, algorithm, header.get("kid"))
    try:
        claims = verified_claims(id_token, key, algorithm)
    except MalformedTokenError as failure:
        raise SignInRefusedError(Refusal.ID_TOKEN_SIGNATURE) from failure
    _check_claims(provider, claims, algorithm, nonce, access_token)
    return _identity(provider, claims)


def _check_claims(
    provider: Provider, claims: Mapping[str, object], algorithm: str, nonce: str, access_token: str
) -> None:
    options = {
        "iss": {"essential": True, "value": provider.issuer},
        # Given explicitly: without it Authlib takes a token for another client when ``azp`` names us.
        "aud": {"essential": True, "value": provider.client_id},
        "nonce": {"essential": True, "value": nonce},
    }
    expected = {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token}
    # Authlib knows the hash that goes with Ed25519 by the algorithm's older name only.
    header = {"alg": "EdDSA" if algorithm == "Ed25519" else algorithm}
    now = int(time.time())
    try:
        CodeIDToken(dict(claims), header, options, expected).validate(now=now, leeway=CLOCK_SKEW_SECONDS)
    except (JoseError, TypeError, ValueError, AttributeError) as failure:  # odd types run into any of them
        raise SignInRefusedError(Refusal.ID_TOKEN_CLAIMS) from failure
    issued, given = claims["iat"], claims["nonce"]
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), nonce.encode()):
        raise SignInRefusedError(Refusal.ID_TOKEN_CLAIMS)
    if not isinstance(issued, int | float) or now - issued > MAX_AGE_SECONDS + CLOCK_SKEW_SECONDS:
        raise SignInRefusedError(Refusal.ID_TOKEN_AGE)


def _identity(provider: Provider, claims: Mapping[str, object]) -> Identity:
    subject = claims["sub"]
    if not (
        isinstance(subject, str) and 0 < len(subject) <= _MAX_SUBJECT and subject.isascii() and subject.isprintable()
    ):
        raise SignInRefusedError(Refusal.ID_TOKEN_SUBJECT)
    email, verified = email_claims(claims, provider.claim_names)
    return Identity(
        subject=subject,
        email=email,
        email_verified=verified,
        authenticated_at=_authenticated_at(claims),
        full_name=full_name_claim(claims, provider.claim_names),
        groups=strings(claims.get(provider.claim_names.get("groups", "groups"))),
        provider_session=_short(claims.get("sid"), _MAX_SESSION),
        acr=_short(claims.get("acr"), _MAX_ACR),
        claims=claims,
    )


def _authenticated_at(claims: Mapping[str, object]) -> int:
    # The hour at which somebody comes back from their provider says nothing of when they proved who they are there.
    said, now = claims.get("auth_time"), int(time.time())
    if not isinstance(said, int | float) or isinstance(said, bool) or not 0 < said <= now + CLOCK_SKEW_SECONDS:
        return NOT_SAID
    return min(int(said), now)


def email_claims(claims: Mapping[str, object], names: Mapping[str, str] | None = None) -> tuple[str | None, bool]:
    """The e-mail address, and whether it is verified: by ``true`` itself, not by a word or number like it.

    Addresses beyond printable ASCII are left out: they only serve to find a member, and look-alikes find others. Some
    providers can only send words: where the connection names a claim of its own for this, ``"true"`` and ``"1"`` count.
    """
    names = names or {}
    email = claims.get(names.get("email", "email"))
    if not isinstance(email, str) or len(email) > _MAX_EMAIL or not email.isascii() or not email.isprintable():
        email = None
    if "email_verified" in names:
        said = claims.get(names["email_verified"])
        return email, said is True or (isinstance(said, str) and said.lower() in {"true", "1"})
    return email, claims.get("email_verified") is True


def full_name_claim(claims: Mapping[str, object], names: Mapping[str, str]) -> str | None:
    """What the person is called: one printable line."""
    return _short(claims.get(names.get("full_name", "name")), _MAX_NAME)


def strings(value: object) -> tuple[str, ...]:
    """The strings of a claim that holds one or several; anything else holds none."""
    listed = value if isinstance(value, list | tuple) else [value]
    return tuple(entry for entry in listed[:_MAX_VALUES] if isinstance(entry, str))


def _short(value: object, longest: int) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= longest and value.isprintable() else None
