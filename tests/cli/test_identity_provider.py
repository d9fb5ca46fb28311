from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from auth.sso.domains import record_name
from auth.sso.provider import as_provider
from models.shared import Domain, IdentityProvider, ServiceProviderKey
from models.tenant import AuditActorKind, AuditEvent
from tenancy.scope import tenant_scope
from tests.auth.name_server import name_server
from tests.auth.saml.provider_double import ISSUER
from tests.auth.saml.test_metadata_attacks import entity

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from settings import Settings
    from tenancy.placement import TenantPlacement


@dataclass(frozen=True)
class Command:
    """The console script, on the database of the tests."""

    settings: Settings

    async def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        assert self.settings.database_url is not None
        variables = {
            **os.environ,
            "FIELDGATE_ENVIRONMENT": "development",
            "FIELDGATE_DATABASE_URL": self.settings.database_url.get_secret_value(),
            **environment,
        }
        command = [sys.executable, "-m", "cli", *arguments]
        return await asyncio.to_thread(
            subprocess.run, command, env=variables, capture_output=True, text=True, check=False
        )


@pytest.fixture
async def fieldgate(settings: Settings, acme: TenantPlacement) -> AsyncIterator[Command]:
    yield Command(settings)
    await IdentityProvider.filter(tenant_id=acme.tenant_id).delete()
    await Domain.filter(tenant_id=acme.tenant_id).delete()


async def test_a_connection_is_made_switched_off_and_its_secret_is_shown_to_nobody(
    fieldgate: Command, settings: Settings, acme: TenantPlacement, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("canary-secret\n", encoding="utf-8")
    named = ("--tenant", acme.slug, "--json")
    wrong = ("--issuer", "https://idp.example", "--client-id", "us", "--claim", "role=role")
    assert (await fieldgate("identity-provider", "create", "Okta", *wrong, *named)).returncode == 2
    claim = ("--claim", "email_verified=xms_edov")
    given = (*claim, "--issuer", "https://idp.example", "--client-id", "us", "--client-secret-file", str(secret))
    made = await fieldgate("identity-provider", "create", "Okta", *given, *named)
    assert made.returncode == 0, made.stderr
    listed = await fieldgate("identity-provider", "list", *named)
    assert json.loads(listed.stdout) == json.loads(made.stdout)
    described = json.loads(made.stdout)[0]
    assert (described["name"], described["enabled"], described["testedAt"]) == ("Okta", False, None)
    assert "canary-secret" not in made.stdout + made.stderr + listed.stdout
    row = await IdentityProvider.get(id=described["id"])
    assert row.claim_names == {"email_verified": "xms_edov"}
    assert b"canary-secret" not in bytes(row.client_secret or b"")
    assert as_provider(settings, row).client_secret == "canary-secret"


async def test_a_connection_is_enabled_after_a_test_only(fieldgate: Command, acme: TenantPlacement) -> None:
    row = await IdentityProvider.create(
        tenant_id=acme.tenant_id, name="Okta", issuer="https://idp.example", client_id="us", enabled=False
    )
    refused = await fieldgate("identity-provider", "enable", str(row.id))
    assert refused.returncode == 1
    assert "has not been tested" in refused.stderr
    address = (await fieldgate("identity-provider", "test", str(row.id))).stdout
    assert "/auth/test?ticket=" in address
    await IdentityProvider.filter(id=row.id).update(tested_at=datetime.now(UTC))
    assert (await fieldgate("identity-provider", "enable", str(row.id))).returncode == 0
    assert (await IdentityProvider.get(id=row.id)).enabled
    assert (await fieldgate("identity-provider", "disable", str(row.id))).returncode == 0
    assert not (await IdentityProvider.get(id=row.id)).enabled


async def test_a_saml_connection_is_made_changed_and_deleted(
    fieldgate: Command, acme: TenantPlacement, tmp_path: Path
) -> None:
    metadata, rules = tmp_path / "metadata.xml", tmp_path / "rules.json"
    metadata.write_text(entity(), encoding="utf-8")
    rules.write_text('[{"claim": "groups", "value": "A", "role": "nobody"}]', encoding="utf-8")
    named = ("--tenant", acme.slug, "--json")
    made = await fieldgate("identity-provider", "create", "AD FS", "--metadata-file", str(metadata), *named)
    assert made.returncode == 0, made.stderr
    (described,) = json.loads(made.stdout)
    assert (described["kind"], described["issuer"]) == ("saml", ISSUER)
    assert described["acsUrl"].endswith(f"/saml/{acme.slug}/acs/{described['id']}")
    identifier = described["id"]
    wrong = await fieldgate("identity-provider", "update", identifier, "--role-mapping-file", str(rules))
    assert (wrong.returncode, wrong.stderr) == (
        1,
        "fieldgate: --role-mapping-file: Rule 1 names a role that does not exist.\n",
    )
    await IdentityProvider.filter(id=identifier).update(tested_at=datetime.now(UTC))
    changed = ("--signing-policy", "both", "--provision-members", "--name", "New", "--json")
    (updated,) = json.loads((await fieldgate("identity-provider", "update", identifier, *changed)).stdout)
    assert (updated["name"], updated["waitsForTest"]) == ("New", ["signingPolicy"])
    shown = await fieldgate("identity-provider", "show", identifier, "--json")
    assert json.loads(shown.stdout) == [updated]
    assert (await fieldgate("identity-provider", "delete", identifier)).returncode == 0
    assert (await fieldgate("identity-provider", "show", identifier)).returncode == 1
    async with tenant_scope(acme, authorization_version=None, read_only=True):
        events = await AuditEvent.filter(subject_id=identifier).order_by("id")
    assert [event.action.partition(":")[2] for event in events] == ["create", "update", "delete"]
    assert {event.actor_kind for event in events} == {AuditActorKind.OPERATOR}


async def test_a_domain_is_claimed_and_proved(fieldgate: Command, acme: TenantPlacement) -> None:
    named = ("acme.example", "--tenant", acme.slug)
    said = (await fieldgate("domain", "add", *named)).stdout
    record = said.split('"')[1]
    async with name_server() as server:
        asking = {"FIELDGATE_DNS_SERVER": server.address}
        assert (await fieldgate("domain", "verify", *named, **asking)).returncode == 1
        server.records[f"{record_name('acme.example')}."] = [record]
        verified = await fieldgate("domain", "verify", *named, **asking)
    assert (verified.returncode, verified.stdout) == (0, "acme.example is verified\n"), verified.stderr
    assert (await fieldgate("domain", "add", "no domain", "--tenant", acme.slug)).returncode == 2
    (listed,) = json.loads((await fieldgate("domain", "list", "--tenant", acme.slug, "--json")).stdout)
    assert (listed["name"], listed["verifiedAt"] is None) == ("acme.example", False)
    assert (await fieldgate("domain", "remove", *named)).returncode == 0
    assert (await fieldgate("domain", "remove", *named)).returncode == 1
    assert not await Domain.exists(tenant_id=acme.tenant_id)


async def test_a_new_key_of_ours_is_made_and_the_one_before_kept_for_a_while(
    fieldgate: Command, acme: TenantPlacement
) -> None:
    row = await IdentityProvider.create(tenant_id=acme.tenant_id, name="SAML", kind="saml", issuer=ISSUER)
    for arguments in ((), ("--keep-days", "30", "--json")):
        rotated = await fieldgate("identity-provider", "rotate-key", str(row.id), *arguments)
        assert rotated.returncode == 0, rotated.stderr
    keys = await ServiceProviderKey.filter(identity_provider_id=row.id).order_by("id")
    assert [key.retired_at is None for key in keys] == [False, True]
    assert json.loads(rotated.stdout)[0]["id"] == str(row.id)
    assert "PRIVATE" not in rotated.stdout
    wrong = await fieldgate("identity-provider", "rotate-key", str(row.id), "--keep-days", "-1")
    assert wrong.returncode == 2
