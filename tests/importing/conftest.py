from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from auth.roles import BUILT_IN_ROLES
from cli.__main__ import main
from models.tenant import Company
from tenancy.provisioning import create_tenant
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Callable

    from tenancy.database import Database
    from tenancy.placement import TenantPlacement


@pytest.fixture
async def placement(database: Database) -> TenantPlacement:
    """A new tenant, in which there is nothing yet."""
    slug = f"import-{secrets.token_hex(4)}"
    return await create_tenant(database, slug, slug, built_in_roles=BUILT_IN_ROLES)


@dataclass(frozen=True)
class Command:
    """What one run of ``fieldgate`` said."""

    code: int
    out: str
    err: str


@dataclass(frozen=True)
class Importing:
    """Runs the command on the tests' database."""

    placement: TenantPlacement
    printed: Callable[[], Any]

    async def run(self, file: object, *arguments: str) -> Command:
        words = ["import", "companies", str(file), "--tenant", self.placement.slug, *arguments]
        # A thread of its own, for the command has an event loop of its own.
        code = await asyncio.to_thread(main, words)
        printed = self.printed()
        return Command(code, printed.out, printed.err)

    async def companies(self) -> dict[str, dict[str, Any]]:
        """Every row of the tenant, by its reference."""
        async with tenant_scope(self.placement, authorization_version=None, read_only=True):
            rows: list[dict[str, Any]] = await Company.all().values()
        return {str(row["reference"]): row for row in rows}


@pytest.fixture
def importing(
    placement: TenantPlacement,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Importing:
    monkeypatch.setenv("FIELDGATE_ENVIRONMENT", "development")
    monkeypatch.setenv("FIELDGATE_DATABASE_URL", database.url)
    return Importing(placement, capsys.readouterr)
