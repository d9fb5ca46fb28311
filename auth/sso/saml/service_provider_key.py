"""Our keys in a SAML connection: one connection's key is no use in any other, and goes when the connection goes.

The first is made when it is needed. Private keys are stored sealed, each for its own row.
"""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID
from tortoise.transactions import in_transaction
from uuid_utils.compat import uuid7

from auth.sealing import Purpose, seal
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.sealed_secret import opened
from models.shared import IdentityProvider, IdentityProviderKind, ServiceProviderKey
from tenancy.asked_together import AskedTogether

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime
    from uuid import UUID

    from settings import Settings

KEY_BITS: Final = 3072
# Providers that mind the end of our certificate need somebody there to exchange it: not every few months.
LIFETIME: Final = timedelta(days=5 * 365)

_EXPONENT: Final = 65537
# Providers whose clocks are slow must be able to use it at once.
_BACKDATED: Final = timedelta(days=1)

# One for each connection whose first key is being made, for as long as somebody waits for it.
_making: Final[WeakValueDictionary[UUID, asyncio.Lock]] = WeakValueDictionary()


@dataclass(frozen=True, slots=True)
class KeyPair:
    """One of our keys.

    Attributes:
        certificate: what the provider knows it by.
        private_key: signs requests, and opens what was encrypted with the certificate.
    """

    certificate: x509.Certificate
    private_key: rsa.RSAPrivateKey = field(repr=False)


@dataclass(frozen=True, slots=True)
class ServiceProviderKeys:
    """Our keys in one connection.

    Attributes:
        current: signs, and is what the provider ought to encrypt with.
        retired: still open what the provider encrypts with them until it has learnt of the current one.
    """

    current: KeyPair
    retired: tuple[KeyPair, ...] = ()


async def service_provider_keys(settings: Settings, identity_provider_id: UUID, now: datetime) -> ServiceProviderKeys:
    """Our keys in a connection; one is made if there is none that is good still.

    Args:
        settings: of the whole server.
        identity_provider_id: of the connection.
        now: the time.

    Raises:
        SignInRefusedError: there is no such SAML connection, or the current one does not open.
    """
    rows = [row for row in await _rows(identity_provider_id) if row.not_after > now]
    if not any(row.retired_at is None for row in rows):
        # Making one keeps a processor busy for a while. However many ask this process for the first, it makes one.
        async with _making.setdefault(identity_provider_id, asyncio.Lock()):
            rows = await _live(identity_provider_id, now)
            if not any(row.retired_at is None for row in rows):
                await _make(settings, identity_provider_id, now)
                rows = await _live(identity_provider_id, now)
    current = next(row for row in rows if row.retired_at is None)
    return ServiceProviderKeys(
        current=_opened(settings, current),
        retired=tuple(_openable(settings, [row for row in rows if row is not current])),
    )


async def _live(identity_provider_id: UUID, now: datetime) -> list[ServiceProviderKey]:
    return [row for row in await _read(identity_provider_id) if row.not_after > now]


async def _read(identity_provider_id: UUID) -> list[ServiceProviderKey]:
    return await ServiceProviderKey.filter(identity_provider_id=identity_provider_id).order_by("-created_at", "-id")


# They must not be changed: others have the same ones.
_rows: Final = AskedTogether(_read)


async def _make(settings: Settings, identity_provider_id: UUID, now: datetime) -> None:
    pair = await new_pair(now)
    async with in_transaction("shared"):
        connection = IdentityProvider.filter(id=identity_provider_id, kind=IdentityProviderKind.SAML)
        # The lock on the connection's row lets one process make its key; the others find it made.
        if await connection.select_for_update().first() is None:
            raise SignInRefusedError(Refusal.NO_IDENTITY_PROVIDER)
        if not any(row.retired_at is None for row in await _live(identity_provider_id, now)):
            await _insert(settings, identity_provider_id, pair)


async def new_pair(now: datetime) -> KeyPair:
    """A key, and a certificate of it, of no connection yet."""
    # In a thread, since it takes a good part of a second, and all others would wait.
    private_key = await asyncio.to_thread(rsa.generate_private_key, _EXPONENT, KEY_BITS)
    return KeyPair(_certificate(private_key, now), private_key)


async def replace_key(
    settings: Settings, identity_provider_id: UUID, pair: KeyPair, now: datetime, *, keep: timedelta | None = None
) -> None:
    """Make a new pair the current one of a connection whose row the caller has locked.

    Args:
        settings: of the whole server.
        identity_provider_id: of the connection.
        pair: from ``new_pair``; not within the transaction, which would be open for as long as making it takes.
        now: the time.
        keep: how long the present one still opens what was encrypted with it; ``None``: until its certificate ends.
    """
    for row in await _live(identity_provider_id, now):
        if row.retired_at is None:
            row.retired_at = now
            row.not_after = row.not_after if keep is None else min(row.not_after, now + keep)
            await row.save(update_fields=["retired_at", "not_after", "updated_at"])
    await _insert(settings, identity_provider_id, pair)


async def _insert(settings: Settings, identity_provider_id: UUID, pair: KeyPair) -> None:
    key_id = uuid7()
    private = pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    await ServiceProviderKey.create(
        id=key_id,
        identity_provider_id=identity_provider_id,
        certificate=pair.certificate.public_bytes(Encoding.PEM).decode(),
        private_key_encrypted=seal(settings, Purpose.SERVICE_PROVIDER_KEY, private, bound_to=str(key_id)),
        not_after=pair.certificate.not_valid_after_utc,
    )


def _certificate(private_key: rsa.RSAPrivateKey, now: datetime) -> x509.Certificate:
    # Nobody is named in it: providers compare the key, and the document is public.
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Fieldgate")])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATED)
        .not_valid_after(now + LIFETIME)
        .sign(private_key, SHA256())
    )


def _openable(settings: Settings, rows: Iterable[ServiceProviderKey]) -> Iterator[KeyPair]:
    """Of keys that are on their way out, those that can still be of use."""
    for row in rows:
        with contextlib.suppress(SignInRefusedError):
            yield _opened(settings, row)


def _opened(settings: Settings, row: ServiceProviderKey) -> KeyPair:
    private = opened(
        settings,
        Purpose.SERVICE_PROVIDER_KEY,
        row.private_key_encrypted,
        bound_to=row.id,
        identity_provider_id=row.identity_provider_id,
    )
    # What opens is what we have sealed. To check its primes once more would hold everybody up for a tenth of a second.
    private_key = load_der_private_key(private, password=None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(private_key, rsa.RSAPrivateKey)  # noqa: S101 # we make no others
    return KeyPair(x509.load_pem_x509_certificate(row.certificate.encode()), private_key)
