"""Which keys sign, verify and are published at a moment. Pure: nothing here reads a database or a clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from joserfc.jwk import ECKey

if TYPE_CHECKING:
    from datetime import datetime

ALGORITHM: Final = "ES256"


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One key pair.

    Attributes:
        kid: the public key's thumbprint (RFC 7638).
        private: the key itself, which holds the public half too.
        created_at: when it was made.
        retired_at: when it stops signing; ``None``: not planned.
        not_after: when its last token has expired, and it is refused and no longer published.
    """

    kid: str
    private: ECKey
    created_at: datetime
    retired_at: datetime | None = None
    not_after: datetime | None = None

    def signs(self, now: datetime) -> bool:
        """Whether new tokens may be signed with it."""
        return self.retired_at is None or now < self.retired_at

    def accepted(self, now: datetime) -> bool:
        """Whether its tokens are still believed."""
        return self.not_after is None or now < self.not_after


@dataclass(frozen=True, slots=True)
class KeyRing:
    """Every key pair that is not past its time."""

    pairs: tuple[KeyPair, ...]

    def signer(self, now: datetime) -> KeyPair | None:
        """The oldest that still signs: a new key is published for a while before it takes over."""
        signing = [pair for pair in self.pairs if pair.signs(now) and pair.accepted(now)]
        return min(signing, key=lambda pair: pair.created_at, default=None)

    def newest(self) -> KeyPair | None:
        """The youngest, whether it signs yet or not."""
        return max(self.pairs, key=lambda pair: pair.created_at, default=None)

    def verifier(self, kid: object, now: datetime) -> ECKey | None:
        """The key of this id. A kid is looked up here and nowhere else: it is never a path, an address or a query."""
        return next((pair.private for pair in self.pairs if pair.kid == kid and pair.accepted(now)), None)

    def published(self, now: datetime) -> dict[str, object]:
        """The public halves, as a JWK set (RFC 7517)."""
        keys = [
            {**pair.private.as_dict(private=False), "kid": pair.kid, "alg": ALGORITHM, "use": "sig"}
            for pair in self.pairs
            if pair.accepted(now)
        ]
        return {"keys": keys}


def new_key() -> ECKey:
    """A fresh P-256 key."""
    return ECKey.generate_key("P-256", private=True)
