"""The OpenID Connect code flow, our side of it (relying party): with PKCE, state and nonce, over Authlib's client.

Authlib's own callback handler is not used. It does not pin the discovery document's issuer, believes ``alg: none``
where a provider lists it, ignores the ``iss`` parameter (RFC 9207), takes a token for another client when ``azp`` names
us, and calls a response without an ID token a success. Each of these is a row of the attack tests.
"""

from __future__ import annotations

import hmac
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx2
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
from authlib.oauth2.rfc7636 import create_s256_code_challenge

from auth.sso.id_token import Identity, email_claims, full_name_claim, strings, verified_identity
from auth.sso.logout_token import LogoutClaims, verified_logout
from auth.sso.metadata import MetadataReader
from auth.sso.outbound import TOTAL_SECONDS
from auth.sso.provider_keys import ProviderKeys
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from auth.sso.attempt import Attempt
    from auth.sso.metadata import ProviderMetadata
    from auth.sso.outbound import Outbound
    from auth.sso.provider import Provider
    from cache import Cache
    from settings import Settings

CALLBACK_PATH: Final = "/auth/callback"

_SCOPE: Final = "openid email profile"
_MAX_QUERY: Final = 8_192


def redirect_uri(settings: Settings, connection_id: UUID) -> str:
    """Where a connection's provider sends people back to: an address of its own (RFC 9700, 4.4.2).

    Most providers do not say who answers (RFC 9207). At an address that all share, the code of one provider would be
    redeemed at another, which had sent the browser on to it, and whoever runs that one could use it.
    """
    return f"{settings.public_url.rstrip('/')}{CALLBACK_PATH}/{connection_id}"


class OpenIdConnect:
    """Sends people to their provider, and makes an identity of what they bring back."""

    def __init__(self, settings: Settings, outbound: Outbound, cache: Cache) -> None:
        self._outbound = outbound
        self._settings = settings
        self._metadata = MetadataReader(outbound, cache)
        self._keys = ProviderKeys(outbound, cache)

    async def authorization_url(self, provider: Provider, attempt: Attempt) -> str:
        """Where to send the browser.

        Raises:
            SignInRefusedError: the provider is out of reach, or not the one that was configured.
        """
        metadata = await self._metadata.metadata(provider)
        # Not by a client, which is made to send something and costs more than all the rest.
        url: str = prepare_grant_uri(
            metadata.authorization_endpoint,
            client_id=provider.client_id,
            response_type="code",
            redirect_uri=redirect_uri(self._settings, provider.id),
            scope=_SCOPE,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=create_s256_code_challenge(attempt.code_verifier),
            code_challenge_method="S256",
            **_asked_anew(attempt),
        )
        return url

    async def logout_claims(self, provider: Provider, token: str) -> LogoutClaims:
        """Whose sessions a logout token of this provider ends.

        Raises:
            SignInRefusedError: something about it does not hold.
        """
        metadata = await self._metadata.metadata(provider)
        return await verified_logout(provider, metadata, self._keys, token)

    async def end_session_url(self, provider: Provider, return_to: str) -> str | None:
        """Where to send the browser of somebody who has signed out of ours, so that they sign out of theirs too.

        ``None`` where the provider has no such place (OpenID Connect RP-Initiated Logout 1.0).

        Raises:
            SignInRefusedError: the provider is out of reach, or not the one that was configured.
        """
        metadata = await self._metadata.metadata(provider)
        if metadata.end_session_endpoint is None:
            return None
        # No id_token_hint: it would mean keeping everybody's ID token. The client's name does for most providers.
        query = urlencode({"client_id": provider.client_id, "post_logout_redirect_uri": return_to})
        joint = "&" if urlsplit(metadata.end_session_endpoint).query else "?"
        return f"{metadata.end_session_endpoint}{joint}{query}"

    async def check(self, provider: Provider) -> ProviderMetadata:
        """Whether the provider can be worked with, short of a sign-in: its document holds, and its keys are there.

        Raises:
            SignInRefusedError: not.
        """
        metadata = await self._metadata.metadata(provider)
        await self._keys.fetch(metadata)
        return metadata

    async def identity(self, provider: Provider, attempt: Attempt, query: str) -> Identity:
        """Who came back with this query string.

        Raises:
            SignInRefusedError: the answer is not for this attempt, or the provider's word does not hold.
        """
        metadata = await self._metadata.metadata(provider)
        code = _code(provider, metadata, attempt, query)
        tokens = await self._exchange(provider, metadata, attempt, code)
        identity = await verified_identity(provider, metadata, self._keys, tokens=tokens, nonce=attempt.nonce)
        if identity.email is None and metadata.userinfo_endpoint is not None:
            return await self._with_email(provider, identity, metadata.userinfo_endpoint, str(tokens["access_token"]))
        return identity

    def _client(self, provider: Provider, metadata: ProviderMetadata) -> AsyncOAuth2Client:
        return AsyncOAuth2Client(
            client_id=provider.client_id,
            client_secret=provider.client_secret,
            token_endpoint_auth_method=metadata.client_authentication,
            scope=_SCOPE,
            redirect_uri=redirect_uri(self._settings, provider.id),
            transport=self._outbound.transport,
            timeout=TOTAL_SECONDS,
        )

    async def _exchange(
        self, provider: Provider, metadata: ProviderMetadata, attempt: Attempt, code: str
    ) -> Mapping[str, object]:
        try:
            async with self._outbound.deadline(), self._client(provider, metadata) as client:
                tokens: Mapping[str, object] = await client.fetch_token(
                    metadata.token_endpoint, code=code, code_verifier=attempt.code_verifier
                )
        except (httpx2.HTTPError, TimeoutError, OSError) as failure:
            raise SignInRefusedError(Refusal.PROVIDER_UNREACHABLE) from failure
        except (OAuthError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as failure:
            # Authlib takes the response apart without asking whether it is made of what it should be.
            raise SignInRefusedError(Refusal.CODE_EXCHANGE) from failure
        return tokens

    async def _with_email(self, provider: Provider, identity: Identity, endpoint: str, access_token: str) -> Identity:
        # OpenID Connect Core 5.4: with an access token at hand, providers may leave e-mail out of the ID token.
        claims = await self._outbound.fetch_object(endpoint, bearer=access_token)
        if claims.get("sub") != identity.subject:  # 5.3.2: else another person's claims could be put in
            raise SignInRefusedError(Refusal.USERINFO)
        email, verified = email_claims(claims, provider.claim_names)
        return replace(
            identity,
            email=email,
            email_verified=verified,
            full_name=identity.full_name or full_name_claim(claims, provider.claim_names),
            groups=identity.groups or strings(claims.get(provider.claim_names.get("groups", "groups"))),
            claims={**claims, **identity.claims},
        )


def _asked_anew(attempt: Attempt) -> dict[str, str]:
    """What has a provider ask the person again, and say in ``auth_time`` when it did and in ``acr`` how.

    OpenID Connect Core 3.1.2.1 lets ``max_age`` alone do that. Some products know ``prompt`` only, and to ask somebody
    once too often does no harm.
    """
    anew = {} if attempt.max_age is None else {"max_age": str(attempt.max_age), "prompt": "login"}
    return anew if attempt.acr is None else {**anew, "acr_values": attempt.acr}


def _code(provider: Provider, metadata: ProviderMetadata, attempt: Attempt, query: str) -> str:
    if len(query) > _MAX_QUERY:
        raise SignInRefusedError(Refusal.CODE_MISSING)
    pairs = parse_qsl(query, keep_blank_values=True)
    if any(count > 1 for count in Counter(name for name, _ in pairs).values()):
        raise SignInRefusedError(Refusal.PARAMETER_TWICE)
    parameters = dict(pairs)
    # State first: until it holds, the rest may come from anybody.
    if not hmac.compare_digest(parameters.get("state", "").encode(), attempt.state.encode()):
        raise SignInRefusedError(Refusal.STATE)
    issuer = parameters.get("iss")
    # RFC 9207: says which provider answers, so that one cannot pass on a code, or be handed a code, of another.
    if issuer != provider.issuer and (issuer is not None or metadata.sends_issuer):
        raise SignInRefusedError(Refusal.ISSUER_PARAMETER)
    if "error" in parameters:
        raise SignInRefusedError(Refusal.PROVIDER_ERROR)
    code = parameters.get("code")
    if not code:
        raise SignInRefusedError(Refusal.CODE_MISSING)
    return code
