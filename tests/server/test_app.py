"""The application put together: its paths, and what it opens and closes."""

from __future__ import annotations

import base64
import contextlib
import secrets
from typing import TYPE_CHECKING

import httpx2
import pytest

from models.shared import SchemaState, Tenant
from server.app import create_app
from server.drain import Drain
from server.graceful_server import StartFailedError
from server.migrations import MigrationsPendingError, check_migrations
from settings import Settings
from tests.server.logs import logs

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.placement import TenantPlacement

BROWSER = {"accept": "text/html,*/*;q=0.8"}


def in_production(settings: Settings, **changes: object) -> Settings:
    return Settings.model_validate(
        {
            **settings.model_dump(),
            "environment": "production",
            "public_url": "https://gate.example",
            "key_encryption_key": base64.b64encode(secrets.token_bytes(32)).decode(),
            **changes,
        }
    )


@contextlib.asynccontextmanager
async def client_of(settings: Settings, drain: Drain | None = None) -> AsyncIterator[httpx2.AsyncClient]:
    app = create_app(settings, drain=drain)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url=settings.public_url) as client,
    ):
        yield client


@pytest.mark.usefixtures("database")
async def test_every_path_answers_with_the_headers_that_guard_it(settings: Settings) -> None:
    async with client_of(settings) as client:
        for path in ("/graphql", "/livez", "/readyz", "/auth/login", "/auth/session", "/nowhere", "/graphiql/assets/x"):
            response = await client.get(path)
            assert response.headers["x-content-type-options"] == "nosniff", path
            assert "frame-ancestors 'none'" in response.headers["content-security-policy"], path
            assert response.headers["x-request-id"], path
            assert "strict-transport-security" not in response.headers


@pytest.mark.usefixtures("database")
async def test_production_tells_browsers_to_remember_https(settings: Settings) -> None:
    async with client_of(in_production(settings)) as client:
        response = await client.get("/livez")
    assert response.headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"


@pytest.mark.usefixtures("database")
async def test_graphiql_is_for_developers_unless_the_operator_wants_it(settings: Settings) -> None:
    async with client_of(settings) as client:
        assert (await client.get("/graphql", headers=BROWSER)).status_code == 303
    async with client_of(in_production(settings)) as client:
        assert (await client.get("/graphql", headers=BROWSER)).status_code == 401
    async with client_of(in_production(settings, graphiql=True)) as client:
        assert (await client.get("/graphql", headers=BROWSER)).status_code == 303


@pytest.mark.usefixtures("database")
async def test_a_path_with_a_slash_too_many_is_not_redirected_to_whatever_host_was_named(settings: Settings) -> None:
    async with client_of(settings) as client:
        response = await client.get("/graphql/", headers={"host": "evil.example"})
    assert response.status_code == 404
    assert "location" not in response.headers


@pytest.mark.usefixtures("database")
async def test_a_migrated_database_makes_the_process_ready_and_a_drain_ends_that(settings: Settings) -> None:
    drain = Drain()
    async with client_of(settings, drain) as client:
        assert (await client.get("/readyz")).json() == {"status": "ready"}
        drain.begin()
        assert (await client.get("/readyz")).json() == {"status": "draining"}


async def test_a_database_out_of_reach_makes_the_process_unready_and_not_dead(settings: Settings) -> None:
    elsewhere = settings.model_copy(update={"database_url": "postgresql://nobody:hunter2@127.0.0.1:1/nothing"})
    elsewhere = Settings.model_validate(elsewhere.model_dump())
    async with client_of(elsewhere) as client:
        response = await client.get("/readyz")
        assert response.status_code == 503
        assert "database" in response.json()["failed"]
        assert "hunter2" not in response.text
        assert (await client.get("/livez")).status_code == 200


async def test_what_cannot_be_opened_is_logged_without_values_and_stops_the_start(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    nowhere = Settings.model_validate({**settings.model_dump(), "database_url": None})
    with logs():
        with pytest.raises(StartFailedError):
            async with client_of(nowhere):
                pass
        assert "DatabaseNotConfiguredError" in capsys.readouterr().out


async def test_a_schema_behind_this_release_is_noticed(tenants: dict[str, TenantPlacement]) -> None:
    await check_migrations()
    state = await SchemaState.get()
    versions = {tenant.id: tenant.schema_version for tenant in await Tenant.all()}
    try:
        await Tenant.all().update(schema_version=0)
        with pytest.raises(MigrationsPendingError):
            await check_migrations()
        # One that is up to date says that the run has been here; the others are its failures.
        await Tenant.filter(id=tenants["acme"].tenant_id).update(schema_version=versions[tenants["acme"].tenant_id])
        await check_migrations()
        await SchemaState.all().update(version=state.version - 1)
        with pytest.raises(MigrationsPendingError):
            await check_migrations()
    finally:
        await SchemaState.all().update(version=state.version)
        for tenant_id, version in versions.items():
            await Tenant.filter(id=tenant_id).update(schema_version=version)
