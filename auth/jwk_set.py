"""The key of a token among the public keys that its signer has given us. A token never brings its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from joserfc.jwk import Key

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


def find_key(keys: Iterable[object], algorithm: str, kid: object) -> Key | None:
    """The one key for this algorithm (of ``compact_jws.ALGORITHMS``) and key id; ``None`` where it is not clear."""
    usable = [key for key in keys if isinstance(key, dict) and _usable(key, algorithm)]
    if kid is None:
        # A signer with one key need not name it. With several, guessing would let a withdrawn key stand in.
        candidates = usable if len(usable) == 1 else []
    else:
        candidates = [key for key in usable if key.get("kid") == kid]
    return _import(candidates[0], algorithm) if len(candidates) == 1 else None


def is_public_key(key: object) -> bool:
    """Whether this is the public half of a key that we would verify with."""
    if not isinstance(key, dict) or "d" in key:
        return False
    return any(_usable(key, algorithm) and _import(key, algorithm) is not None for algorithm in _KINDS)


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
    # Only what makes a public key: no ``alg`` or ``key_ops`` of the signer's decides what we verify with it.
    public = {name: value for name, value in key.items() if name in {"kty", "crv", "x", "y", "n", "e"}}
    try:
        imported = kind.key_class.import_key(cast("dict[str, str | list[str]]", public))
        if isinstance(imported, RSAKey) and imported.public_key.key_size < _MIN_RSA_BITS:
            return None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):  # whatever a malformed key runs into
        return None
    return imported
