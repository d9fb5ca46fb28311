"""The library's own contract for storages, against PostgreSQL."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from scim2_server.testing import AsyncScimStorageContract, BlockingStorage

from auth.scim.protocol import build_provider
from auth.scim.storage import TenantStorage
from tenancy.database import open_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scim2_models import ScimProvider
    from scim2_server.storage import AsyncScimStorage, ScimStorage

    from settings import Settings
    from tests.auth.scim.conftest import Directory


class TestTenantStorage(AsyncScimStorageContract):
    @pytest.fixture
    def provider(self) -> Iterator[ScimProvider]:
        with build_provider() as provider:
            yield provider

    @pytest.fixture
    def async_storage(self, provider: ScimProvider, acme_directory: Directory) -> AsyncScimStorage:
        return TenantStorage(provider, acme_directory.placement, acme_directory.provider)

    @pytest.fixture
    def storage(self, async_storage: AsyncScimStorage, settings: Settings) -> Iterator[ScimStorage]:
        with asyncio.Runner() as runner:
            database = runner.run(open_database(settings))  # the pools of the other loop can't be used in this one
            yield BlockingStorage(async_storage, runner)
            runner.run(database.close())
