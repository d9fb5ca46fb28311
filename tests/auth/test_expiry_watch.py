"""What expires is told to the log once a day, by one process, and only of connections that are on."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from auth.sso.connection_warnings import connection_warnings
from auth.sso.expiry_watch import look, watching_expiries
from auth.sso.outbound import Outbound
from models.shared import IdentityProvider, ServiceProviderKey
from tests.auth.conftest import add_provider
from tests.auth.saml.test_metadata_attacks import SIGN_ON, entity, key, role, short_key

if TYPE_CHECKING:
    from uuid import UUID

    from settings import Settings
    from tenancy.placement import TenantPlacement

NOW = datetime.now(UTC)


async def told(connection_id: UUID, now: datetime = NOW) -> list[tuple[object, object]]:
    with capture_logs() as logs:
        await look(now)
    return [(entry["log_level"], entry["what"]) for entry in logs if entry["identity_provider"] == str(connection_id)]


async def connection(placement: TenantPlacement, **days: float) -> IdentityProvider:
    row = await add_provider(placement)
    ends = {name: NOW + timedelta(days=each) for name, each in days.items()}
    return row.update_from_dict(ends)


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ({}, []),
        ({"certificate_expires_at": 32}, []),
        ({"certificate_expires_at": 29}, [("warning", "certificate_expires")]),
        ({"certificate_expires_at": 6}, [("error", "certificate_expires")]),
        ({"certificate_expires_at": -6}, [("error", "certificate_expires")]),
        (
            {"certificate_expires_at": 29, "metadata_expires_at": 2},
            [("warning", "certificate_expires"), ("error", "metadata_expires")],
        ),
    ],
)
async def test_what_expires_soon_is_told_once_a_day(
    acme: TenantPlacement, days: dict[str, float], expected: list[tuple[str, str]]
) -> None:
    row = await connection(acme, **days)
    await row.save()
    assert await told(row.id) == expected
    assert await told(row.id, NOW + timedelta(hours=23)) == []
    assert len(await told(row.id, NOW + timedelta(hours=24))) == len(expected)


async def test_a_connection_that_is_off_is_nobodys_trouble(acme: TenantPlacement) -> None:
    row = await connection(acme, certificate_expires_at=1)
    row.enabled = False
    await row.save()
    assert await told(row.id) == []


async def test_our_own_key_is_told_of_until_it_is_replaced(acme: TenantPlacement) -> None:
    row = await connection(acme)
    await row.save()
    ours = await ServiceProviderKey.create(
        identity_provider_id=row.id, certificate="", private_key_encrypted=b"", not_after=NOW + timedelta(days=20)
    )
    assert await told(row.id) == [("warning", "our_certificate_expires")]
    ours.retired_at = NOW
    await ours.save()
    assert await told(row.id, NOW + timedelta(days=1)) == []


async def test_however_many_processes_look_one_tells(acme: TenantPlacement) -> None:
    row = await connection(acme, certificate_expires_at=1)
    await row.save()
    with capture_logs() as logs:
        await asyncio.gather(*(look(NOW) for _ in range(8)))
    assert len([entry for entry in logs if entry["identity_provider"] == str(row.id)]) == 1


async def test_a_running_server_looks(acme: TenantPlacement) -> None:
    row = await connection(acme, certificate_expires_at=1)
    await row.save()
    async with watching_expiries(), asyncio.timeout(30):
        while (await IdentityProvider.get(id=row.id)).warned_at is None:  # noqa: ASYNC110 - a row has no event
            await asyncio.sleep(0.05)


async def test_what_a_document_is_warned_about_is_a_warning_too(settings: Settings) -> None:
    outbound = Outbound(settings)
    row = IdentityProvider(saml_metadata=entity(role(key() + short_key() + SIGN_ON)))
    assert [each.code for each in connection_warnings(row, None, outbound, NOW)] == ["certificate_left_out"]
    row.saml_metadata = "no metadata"
    assert connection_warnings(row, None, outbound, NOW) == []
    await outbound.close()
