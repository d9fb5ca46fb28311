"""Our keys in a connection: made once, sealed for their own row, of no use elsewhere."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from auth.sealing import Purpose, UnsealError, seal, unseal
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.decryption import decrypted
from auth.sso.saml.service_provider_key import service_provider_keys
from models.shared import IdentityProvider, IdentityProviderKind, ServiceProviderKey
from tests.auth.conftest import add_provider
from tests.auth.saml.provider_double import ISSUER, encrypt, key_pair

if TYPE_CHECKING:
    from uuid import UUID

    from settings import Settings
    from tenancy.placement import TenantPlacement

NOW: Final = datetime.now(UTC)
WAITING_SECONDS: Final = 0.5
ENOUGH_SECONDS: Final = 10
INSERT: Final = """
INSERT INTO fieldgate.service_provider_key
    (id, created_at, updated_at, identity_provider_id, certificate, private_key_encrypted, not_after)
VALUES ($1, now(), now(), $2, $3, $4, $5)
"""
LATER: Final = NOW + timedelta(days=6 * 365)


@pytest.fixture
async def connection_id(acme: TenantPlacement) -> UUID:
    connection = await IdentityProvider.create(
        tenant_id=acme.tenant_id, name="SAML", kind=IdentityProviderKind.SAML, issuer=ISSUER
    )
    return connection.id


async def test_the_first_key_is_made_once_however_many_ask(settings: Settings, connection_id: UUID) -> None:
    asked = await asyncio.gather(*(service_provider_keys(settings, connection_id, NOW) for _ in range(3)))
    assert len({keys.current.certificate for keys in asked}) == 1
    assert all(keys.retired == () for keys in asked)
    assert await ServiceProviderKey.filter(identity_provider_id=connection_id).count() == 1


async def test_one_process_makes_one_key_however_many_ask(
    settings: Settings, connection_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, made = rsa.generate_private_key, []

    def noted(exponent: int, bits: int) -> rsa.RSAPrivateKey:
        made.append(bits)
        return make(exponent, bits)

    monkeypatch.setattr(rsa, "generate_private_key", noted)
    await asyncio.gather(*(service_provider_keys(settings, connection_id, NOW) for _ in range(10)))
    assert len(made) == 1


async def test_a_process_that_has_to_wait_for_another_takes_the_key_that_it_made(
    settings: Settings, connection_id: UUID, empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs, ours = key_pair("theirs"), key_pair("ours").key
    monkeypatch.setattr(rsa, "generate_private_key", lambda *_: ours)
    key_id = uuid4()
    private = theirs.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    sealed = seal(settings, Purpose.SERVICE_PROVIDER_KEY, private, bound_to=str(key_id))
    other = await asyncpg.connect(empty_database_url)
    try:
        async with other.transaction():
            await other.execute("SELECT FROM fieldgate.identity_provider WHERE id = $1 FOR UPDATE", connection_id)
            waiting = asyncio.create_task(service_provider_keys(settings, connection_id, NOW))
            done, _ = await asyncio.wait({waiting}, timeout=WAITING_SECONDS)
            assert not done
            certificate = theirs.certificate_pem.decode()
            await other.execute(INSERT, key_id, connection_id, certificate, sealed, NOW + timedelta(days=1))
        async with asyncio.timeout(ENOUGH_SECONDS):
            keys = await waiting
    finally:
        await other.close()
    assert keys.current.certificate == theirs.certificate
    assert keys.retired == ()


async def test_the_certificate_is_of_the_key_and_names_nobody(settings: Settings, connection_id: UUID) -> None:
    pair = (await service_provider_keys(settings, connection_id, NOW)).current
    assert pair.certificate.public_key() == pair.private_key.public_key()
    assert pair.certificate.subject.rfc4514_string() == "CN=Fieldgate"
    assert pair.private_key.key_size == 3072
    assert "private" not in repr(pair)


async def test_what_is_stored_opens_for_its_own_row_and_purpose_only(settings: Settings, connection_id: UUID) -> None:
    pair = (await service_provider_keys(settings, connection_id, NOW)).current
    row = await ServiceProviderKey.get(identity_provider_id=connection_id)
    plain = pair.private_key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    sealed = row.private_key_encrypted
    assert plain[-64:] not in sealed
    opened = unseal(settings, Purpose.SERVICE_PROVIDER_KEY, sealed, bound_to=str(row.id))
    assert load_der_private_key(opened, password=None).public_key() == pair.private_key.public_key()
    with pytest.raises(UnsealError):
        unseal(settings, Purpose.SIGNING_KEY, sealed, bound_to=str(row.id))
    with pytest.raises(UnsealError):
        unseal(settings, Purpose.SERVICE_PROVIDER_KEY, sealed, bound_to=str(connection_id))


async def test_s26_what_one_connection_was_sent_opens_in_no_other(
    settings: Settings, connection_id: UUID, globex: TenantPlacement
) -> None:
    other = await IdentityProvider.create(
        tenant_id=globex.tenant_id, name="SAML", kind=IdentityProviderKind.SAML, issuer=ISSUER
    )
    ours = (await service_provider_keys(settings, connection_id, NOW)).current
    theirs = (await service_provider_keys(settings, other.id, NOW)).current
    sent = encrypt(b"<a/>", ours.certificate)
    assert decrypted(sent, [ours.private_key]) == b"<a/>"
    with pytest.raises(SignInRefusedError) as refused:
        decrypted(sent, [theirs.private_key])
    assert refused.value.reason is Refusal.SAML_ENCRYPTION


async def test_s31_a_retired_key_still_opens_and_a_new_one_signs(settings: Settings, connection_id: UUID) -> None:
    first = (await service_provider_keys(settings, connection_id, NOW)).current
    await ServiceProviderKey.filter(identity_provider_id=connection_id).update(retired_at=NOW)
    keys = await service_provider_keys(settings, connection_id, NOW)
    assert keys.current.certificate != first.certificate
    assert [pair.certificate for pair in keys.retired] == [first.certificate]


async def test_s31_a_key_whose_time_is_over_is_replaced_and_opens_nothing(
    settings: Settings, connection_id: UUID
) -> None:
    first = (await service_provider_keys(settings, connection_id, NOW)).current
    keys = await service_provider_keys(settings, connection_id, LATER)
    assert keys.current.certificate != first.certificate
    assert keys.retired == ()


async def test_a_connection_that_does_not_speak_saml_gets_no_key(settings: Settings, acme: TenantPlacement) -> None:
    provider = await add_provider(acme)
    with pytest.raises(SignInRefusedError) as refused:
        await service_provider_keys(settings, provider.id, NOW)
    assert refused.value.reason is Refusal.NO_IDENTITY_PROVIDER
    assert not await ServiceProviderKey.filter(identity_provider_id=provider.id).exists()
