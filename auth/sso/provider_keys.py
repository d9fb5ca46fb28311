"""The keys that providers sign with: fetched when needed, kept for a while, never taken from a token."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_MIN_RSA_BITS: Final = 2048
_OKP_CURVE: Final = "Ed25519"


@dataclass(frozen=True, slots=True)
class _Kind:
    key_type: str
    curve: str | None
    key_class: type[ECKey | OKPKey | RSAKey]


_KINDS: Final = {
    "RS256": _Kind("RSA", None, RSAKey),
    "PS256": _Kind("RSA", None, RSAKey),
    "ES256": _Kind("EC", "P-256", ECKey),
    "Ed25519": _Kind("OKP", _OKP_CURVE, OKPKey),
    "EdDSA": _Kind("OKP", _OKP_CURVE, OKPKey),
}


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
        found = _find(keys, algorithm, kid)
        if found is None:
            # An entry of its own that lasts as long as we want to wait: however many ask, one asks the provider.
            keys = await self._cache.get_or_set(f"{name}:again", lambda: self.fetch(metadata), seconds=REFETCH_SECONDS)
            await self._cache.set(name, keys, seconds=KEYS_SECONDS)
            found = _find(keys, algorithm, kid)
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


def _find(keys: list[object], algorithm: str, kid: object) -> Key | None:
    usable = [key for key in keys if isinstance(key, dict) and _usable(key, algorithm)]
    if kid is None:
        # A provider with one key need not name it. With several, guessing would let a withdrawn key stand in.
        candidates = usable if len(usable) == 1 else []
    else:
        candidates = [key for key in usable if key.get("kid") == kid]
    return _import(candidates[0], algorithm) if len(candidates) == 1 else None


def _usable(key: Mapping[str, object], algorithm: str) -> bool:
    kind = _KINDS[algorithm]
    return (
        key.get("kty") == kind.key_type
        and (kind.curve is None or key.get("crv") == kind.curve)
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) in ({algorithm, "EdDSA", "Ed25519"} if kind.curve == _OKP_CURVE else {algorithm})
    )


def _import(key: Mapping[str, object], algorithm: str) -> Key | None:
    kind = _KINDS[algorithm]
    # Only what makes a public key: no ``alg`` or ``key_ops`` of the provider's decides what we verify with it.
    public = {name: value for name, value in key.items() if name in {"kty", "crv", "x", "y", "n", "e"}}
    try:
        imported = kind.key_class.import_key(cast("dict[str, str | list[str]]", public))
        if isinstance(imported, RSAKey) and imported.public_key.key_size < _MIN_RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):  # whatever a malformed key runs into
        return None
    return imported
