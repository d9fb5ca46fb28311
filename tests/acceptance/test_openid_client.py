"""The npm package ``openid-client`` at our OAuth endpoints, as a partner's program and as a member's."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from joserfc.jwk import ECKey

from auth.audit import NOBODY
from auth.oauth.client_registry import NewClient, create
from auth.sessions.session import Sessions
from auth.sessions.signing_keys import SigningKeys
from models.shared import IdentityProvider
from models.tenant import Member, MemberKind, OrgUnit, Role
from tenancy.scope import tenant_scope
from tests.acceptance import npm
from tests.server.gateway import running_gateway

if TYPE_CHECKING:
    from pathlib import Path

    from settings import Settings
    from tenancy.database import Database
    from tests.server.gateway import Gateway

FOLDER: Final = "openid_client"


async def given(settings: Settings, database: Database, gateway: Gateway) -> dict[str, object]:
    """A client of either kind, and somebody who is signed in."""
    placement = gateway.tenants[0]
    key = ECKey.generate_key("P-256")
    async with tenant_scope(placement, authorization_version=None):
        unit, role = await OrgUnit.get(parent_id=None), await Role.get(key="auditor")
        keys: dict[str, object] = {"keys": [{**key.as_dict(private=False), "kid": "one"}]}
        made = [
            await create(NewClient(placement.tenant_id, "A partner", unit.id, role.id, None, None, jwks), NOBODY)
            for jwks in (None, keys)
        ]
        member = await Member.get(kind=MemberKind.PERSON)
    provider = await IdentityProvider.create(
        tenant_id=placement.tenant_id,
        name="Provider",
        issuer=f"https://idp.example/{uuid4().hex}",
        client_id="x",
        enabled=True,
    )
    settings = settings.model_copy(update={"public_url": gateway.url})
    tokens = await Sessions(settings, SigningKeys(settings), database.directory).begin(
        tenant_id=placement.tenant_id,
        member_id=member.id,
        identity_provider_id=provider.id,
        authenticated_at=int(time.time()),
    )
    return {
        "issuer": gateway.url,
        "secretClient": str(made[0].client.id),
        "secret": made[0].text,
        "keyClient": str(made[1].client.id),
        "privateJwk": {**key.as_dict(private=True), "kid": "one"},
        "refreshToken": tokens.refresh_token,
    }


async def test_openid_client_gets_uses_and_ends_tokens_by_every_way_that_we_offer(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    await npm.install(FOLDER)
    async with running_gateway(settings, database, tmp_path) as gateway:
        known = await given(settings, database, gateway)
        status, output = await npm.run(FOLDER, "node", "drive.mjs", json.dumps(known))
        log = gateway.log.read_text(encoding="utf-8")
    assert status == 0, output
    token = {"expiresIn": 300, "scope": "company:read", "before": True, "after": False}
    assert json.loads(output) == {
        "bySecret": token,
        "byKey": token,
        "refresh": {"rotated": 3, "refused": "invalid_grant"},
        "wrong": 401,
    }
    assert str(known["secret"]) not in log
    assert str(known["refreshToken"]) not in log
