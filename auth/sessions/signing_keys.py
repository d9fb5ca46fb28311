"""The key pairs that sign access tokens, kept in the shared schema and sealed under the key encryption key.

The first is made when it is needed. Rotation overlaps: a new key is published first and signs when every process and
every cache in between has had time to learn of it; an old one is believed until its last token has expired.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from joserfc.jwk import ECKey
from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from auth.sealing import Purpose, UnsealError, seal, unseal
from auth.sessions.key_ring import ALGORITHM, KeyPair, KeyRing, new_key
from models.shared import SigningKey

if TYPE_CHECKING:
    from settings import Settings

# How old this process's picture of the keys may be: how long a key that was removed is still believed elsewhere.
RING_SECONDS: Final = 30
# What ``/.well-known/jwks.json`` lets caches keep.
PUBLISHED_SECONDS: Final = 300
SIGNING_PERIOD: Final = timedelta(days=30)

# Longer than both of the above together: from its birth to its first signature, everybody has heard of a new key.
_INTRODUCTION: Final = timedelta(minutes=10)
# Longer than any access token lives, with a minute for clocks that differ.
_LAST_TOKENS: Final = timedelta(minutes=6)

# One process at a time makes keys; the number means nothing but this.
_LOCK: Final = "SELECT pg_advisory_xact_lock(7263548190)"


class SigningKeys:
    """The key ring of this process, at most ``RING_SECONDS`` old."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._ring = KeyRing(())
        self._loaded_at = -float("inf")
        self._loading = asyncio.Lock()

    async def signer(self) -> KeyPair:
        """The pair that signs now."""
        ring = await self._current()
        pair = ring.signer(datetime.now(UTC))
        if pair is None:  # its time ran out since the ring was loaded
            self._loaded_at = -float("inf")
            pair = (await self._current()).signer(datetime.now(UTC))
            assert pair is not None  # noqa: S101 # loading makes one where there is none
        return pair

    async def verifier(self, kid: str) -> ECKey | None:
        """The key of a token, or ``None``. An unknown id never causes a query: anybody can make them up."""
        return (await self._current()).verifier(kid, datetime.now(UTC))

    def still_verifies(self, kid: str) -> bool:
        """Whether the ring as it was read lately has the key of a token; false when it has to be read again."""
        return self._is_fresh() and self._ring.verifier(kid, datetime.now(UTC)) is not None

    async def published(self) -> dict[str, object]:
        """The JWK set for everybody else."""
        return (await self._current()).published(datetime.now(UTC))

    async def rotate(self) -> None:
        """Introduce a new key, which takes over from the present ones in a few minutes."""
        await self._introduce(unless_newer_than=datetime.now(UTC))
        self._loaded_at = -float("inf")

    async def _current(self) -> KeyRing:
        if not self._is_fresh():
            async with self._loading:
                if not self._is_fresh():
                    self._ring = await self._load()
                    self._loaded_at = time.monotonic()
        return self._ring

    def _is_fresh(self) -> bool:
        return time.monotonic() - self._loaded_at <= RING_SECONDS

    async def _load(self) -> KeyRing:
        ring = await self._read()
        newest, now = ring.newest(), datetime.now(UTC)
        if newest is None or ring.signer(now) is None or now - newest.created_at > SIGNING_PERIOD:
            await self._introduce(unless_newer_than=now - SIGNING_PERIOD)
            ring = await self._read()
        return ring

    async def _read(self) -> KeyRing:
        rows = await SigningKey.filter(Q(not_after=None) | Q(not_after__gt=datetime.now(UTC))).order_by("created_at")
        return KeyRing(tuple(self._pair(row) for row in rows))

    def _pair(self, row: SigningKey) -> KeyPair:
        try:
            sealed = row.private_key_encrypted
            private = unseal(self._settings, Purpose.SIGNING_KEY, sealed, bound_to=row.kid)
        except UnsealError as failure:
            message = "the signing keys were sealed under another FIELDGATE_KEY_ENCRYPTION_KEY"
            raise UnsealError(message) from failure
        return KeyPair(row.kid, ECKey.import_key(private), row.created_at, row.retired_at, row.not_after)

    async def _introduce(self, *, unless_newer_than: datetime) -> None:
        key = new_key()
        kid = key.thumbprint()
        private = key.as_der(private=True)
        async with in_transaction("shared") as connection:
            await connection.execute_query(_LOCK)
            # Read under the lock: another process may have had the same idea a moment ago.
            signing = SigningKey.filter(retired_at=None)
            if await signing.filter(created_at__gt=unless_newer_than).exists():
                return
            takes_over = datetime.now(UTC) + _INTRODUCTION
            await signing.update(retired_at=takes_over, not_after=takes_over + _LAST_TOKENS)
            await SigningKey.create(
                kid=kid,
                algorithm=ALGORITHM,
                public_jwk=key.as_dict(private=False),
                private_key_encrypted=seal(self._settings, Purpose.SIGNING_KEY, private, bound_to=kid),
            )
            await SigningKey.filter(not_after__lt=datetime.now(UTC)).delete()
