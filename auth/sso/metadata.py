"""What a provider says about itself (OpenID Connect Discovery 1.0), believed as far as it fits what we were told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from auth.compact_jws import ALGORITHMS
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.sso.outbound import Outbound
    from auth.sso.provider import Provider
    from cache import Cache

METADATA_SECONDS: Final = 3600

_CLIENT_AUTHENTICATION: Final = ("client_secret_basic", "client_secret_post")


@dataclass(frozen=True, slots=True)
class ProviderMetadata:
    """The checked part of a discovery document.

    Attributes:
        authorization_endpoint: where people are sent.
        token_endpoint: where a code is exchanged.
        jwks_uri: where the keys are.
        userinfo_endpoint: where claims are that the ID token leaves out.
        algorithms: what ID tokens may be signed with: the provider's list cut down to ours.
        sends_issuer: the provider promises the ``iss`` parameter (RFC 9207), so its absence is an attack.
        end_session_endpoint: where people are sent who have signed out of ours.
        client_authentication: how we authenticate at the token endpoint, where we have a secret.
    """

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    sends_issuer: bool
    end_session_endpoint: str | None
    client_authentication: str


class MetadataReader:
    """Reads discovery documents, and remembers them for an hour."""

    def __init__(self, outbound: Outbound, cache: Cache) -> None:
        self._outbound = outbound
        self._cache = cache

    async def metadata(self, provider: Provider) -> ProviderMetadata:
        """What ``provider`` says about itself.

        Raises:
            SignInRefusedError: it is out of reach, someone else, or nothing that we can work with.
        """
        address = provider.issuer.removesuffix("/") + "/.well-known/openid-configuration"

        async def fetch() -> dict[str, object]:
            document = await self._outbound.fetch_object(address)
            # Checked before it is kept, so that a bad document is asked for again, and checked after, so that a kept
            # one is never believed for an issuer that was configured differently since.
            self._checked(provider, document)
            return document

        document = await self._cache.get_or_set(f"{provider.id}:{address}", fetch, seconds=METADATA_SECONDS)
        return self._checked(provider, document)

    def _checked(self, provider: Provider, document: Mapping[str, object]) -> ProviderMetadata:
        # OpenID Connect Discovery 4.3: without this, one provider could publish another's endpoints as its own.
        if document.get("issuer") != provider.issuer:
            raise SignInRefusedError(Refusal.DISCOVERY_ISSUER)
        # Never the provider's list as it stands: one that lists ``none`` would have its unsigned tokens believed.
        algorithms = ALGORITHMS & _strings(document, "id_token_signing_alg_values_supported", default=("RS256",))
        if not algorithms:
            raise SignInRefusedError(Refusal.NO_COMMON_ALGORITHM)
        userinfo, end_session = document.get("userinfo_endpoint"), document.get("end_session_endpoint")
        return ProviderMetadata(
            authorization_endpoint=self._address(document, "authorization_endpoint"),
            token_endpoint=self._address(document, "token_endpoint"),
            jwks_uri=self._address(document, "jwks_uri"),
            userinfo_endpoint=None if userinfo is None else self._outbound.safe_address(userinfo),
            algorithms=algorithms,
            sends_issuer=document.get("authorization_response_iss_parameter_supported") is True,
            end_session_endpoint=None if end_session is None else self._outbound.safe_address(end_session),
            client_authentication=_client_authentication(provider, document),
        )

    def _address(self, document: Mapping[str, object], name: str) -> str:
        if name not in document:
            raise SignInRefusedError(Refusal.DISCOVERY_INCOMPLETE)
        return self._outbound.safe_address(document[name])


def _client_authentication(provider: Provider, document: Mapping[str, object]) -> str:
    if provider.client_secret is None:
        return "none"
    offered = _strings(document, "token_endpoint_auth_methods_supported", default=_CLIENT_AUTHENTICATION[:1])
    for method in _CLIENT_AUTHENTICATION:
        if method in offered:
            return method
    raise SignInRefusedError(Refusal.NO_COMMON_CLIENT_AUTHENTICATION)


def _strings(document: Mapping[str, object], name: str, *, default: tuple[str, ...]) -> frozenset[str]:
    listed = document.get(name, default)
    if not isinstance(listed, list | tuple):
        raise SignInRefusedError(Refusal.DISCOVERY_INCOMPLETE)
    return frozenset(entry for entry in listed if isinstance(entry, str))
