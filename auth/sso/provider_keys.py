"""The keys that providers sign with: fetched when needed, kept for a while, never taken from a token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from auth.jwk_set import find_key
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from joserfc.jwk import Key

    from auth.sso.metadata import ProviderMetadata
    from auth.sso.outbound import Outbound
    from auth.sso.provider import Provider
    from cache import Cache

# A key that the provider withdrew is believed for no longer than this.
KEYS_SECONDS: Final = 600
# A token with an unknown key makes us ask again, but no oftener: tokens are free to make, fetches are not.
REFETCH_SECONDS: Final = 30

_MAX_KEYS: Final = 100


class ProviderKeys:
    """Finds the key of an ID token."""

    def __init__(self, outbound: Outbound, cache: Cache) -> None:
        self._outbound = outbound
        self._cache = cache

    async def key(self, provider: Provider, metadata: ProviderMetadata, algorithm: str, kid: object) -> Key:
        """The provider's key for this algorithm and key id.

        Raises:
            SignInRefusedError: it publishes no such key.
        """
        name = f"{provider.id}:{metadata.jwks_uri}"
        keys = await self._cache.get_or_set(name, lambda: self.fetch(metadata), seconds=KEYS_SECONDS)
        found = find_key(keys, algorithm, kid)
        if found is None:
            # An entry of its own that lasts as long as we want to wait: however many ask, one asks the provider.
            keys = await self._cache.get_or_set(f"{name}:again", lambda: self.fetch(metadata), seconds=REFETCH_SECONDS)
            await self._cache.set(name, keys, seconds=KEYS_SECONDS)
            found = find_key(keys, algorithm, kid)
        if found is None:
            raise SignInRefusedError(Refusal.ID_TOKEN_KEY)
        return found

    async def fetch(self, metadata: ProviderMetadata) -> list[object]:
        """The provider's JWK set as it is now.

        Raises:
            SignInRefusedError: there is none.
        """
        document = await self._outbound.fetch_object(metadata.jwks_uri)
        keys = document.get("keys")
        if not isinstance(keys, list) or len(keys) > _MAX_KEYS:
            raise SignInRefusedError(Refusal.PROVIDER_ANSWER)
        return keys
