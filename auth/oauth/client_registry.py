"""The clients of a tenant: made, given new secrets, switched on and off. Each is written down with whoever did it.

All of it is called inside the tenant's scope, where the audit event goes. The clients themselves are in a shared
table, which is written in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from uuid_utils.compat import uuid7

from auth.audit import AuditSubject, record
from auth.jwk_set import is_public_key
from auth.scannable_secret import CLIENT_SECRET, digest, new_secret
from models.shared import Client
from models.tenant import Member, MemberKind, RoleAssignment
from tenancy.both_schemas import in_both_schemas

if TYPE_CHECKING:
    from collections.abc import Collection
    from uuid import UUID

    from auth.audit import Actor
    from auth.permissions import Permission

OVERLAP: Final = timedelta(hours=24)
_MAX_KEYS: Final = 10


class RefusedKeysError(ValueError):
    """Not a set of public keys that we would verify with. The message is a sentence for whoever gave it."""


class NoSecretError(Exception):
    """The client proves itself by its keys, which a secret beside them would weaken."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A client, and its new secret: the only time that anybody sees it. ``None``: it proves itself by its keys."""

    client: Client
    text: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class NewClient:
    """What a client is to be.

    Attributes:
        tenant_id: whose it is.
        name: for people.
        org_unit_id: where its service member belongs.
        role_id: the role that it holds.
        reach_id: the org unit in which it holds the role; ``None``: everywhere.
        scopes: what its role's permissions are cut down to; ``None``: nothing is cut.
        jwks: its public keys, instead of a secret.
    """

    tenant_id: UUID
    name: str
    org_unit_id: UUID
    role_id: UUID
    reach_id: UUID | None
    scopes: Collection[Permission] | None
    jwks: dict[str, object] | None


async def create(new: NewClient, actor: Actor) -> Secret:
    """Make a client, with a service member of its own."""
    client_id = uuid7()
    member = await Member.create(
        kind=MemberKind.SERVICE,
        # A member has an address, and this is one that no mail and no provider can ever prove (RFC 2606).
        email=f"{client_id}@client.invalid",
        full_name=new.name,
        org_unit_id=new.org_unit_id,
    )
    await RoleAssignment.create(member_id=member.id, role_id=new.role_id, org_unit_id=new.reach_id)
    text = new_secret(CLIENT_SECRET) if new.jwks is None else None
    async with in_both_schemas():
        client = await Client.create(
            id=client_id,
            tenant_id=new.tenant_id,
            member_id=member.id,
            name=new.name,
            secret_hash=None if text is None else digest(text),
            jwks=new.jwks,
            scopes=None if new.scopes is None else sorted(new.scopes),
        )
        await _record(actor, "client:create", client_id)
    return Secret(client, text)


async def rotate_secret(tenant_id: UUID, client_id: UUID, actor: Actor, overlap: timedelta = OVERLAP) -> Secret | None:
    """Give a client a new secret; the present one is good for ``overlap`` more. ``None``: there is no such client.

    Raises:
        NoSecretError: it has none to be replaced.
    """
    text = new_secret(CLIENT_SECRET)
    async with in_both_schemas():
        client = await Client.filter(id=client_id, tenant_id=tenant_id).select_for_update().first()
        if client is None:
            return None
        if client.secret_hash is None:
            raise NoSecretError
        client.previous_secret_hash = client.secret_hash
        client.previous_secret_expires_at = datetime.now(UTC) + overlap
        client.secret_hash = digest(text)
        await client.save()
        await _record(actor, "client:rotate_secret", client_id)
    return Secret(client, text)


async def set_enabled(tenant_id: UUID, client_id: UUID, actor: Actor, *, enabled: bool) -> Client | None:
    """Switch a client on or off; ``None``: there is no such client.

    Off ends its tokens everywhere: a trigger revokes their sessions with it.
    """
    own = Client.filter(id=client_id, tenant_id=tenant_id)
    async with in_both_schemas():
        if await own.update(enabled=enabled, updated_at=datetime.now(UTC)):
            await _record(actor, "client:enable" if enabled else "client:disable", client_id)
    return await own.first()


async def client_of(tenant_id: UUID, client_id: UUID) -> Client | None:
    """The tenant's client with this id; another tenant's is none."""
    return await Client.get_or_none(id=client_id, tenant_id=tenant_id)


async def clients_of(tenant_id: UUID) -> list[Client]:
    """Every client of a tenant, the newest first."""
    return await Client.filter(tenant_id=tenant_id).order_by("-id")


async def _record(actor: Actor, action: str, client_id: UUID) -> None:
    await record(actor, action, AuditSubject("client", client_id))


def checked_keys(document: object) -> dict[str, object]:
    """A JWK set as it is kept.

    Raises:
        RefusedKeysError: it is none, has a private key in it, or one that is weak or of another kind.
    """
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list) or not 0 < len(keys) <= _MAX_KEYS:
        message = f"This must be a JWK set with 1 to {_MAX_KEYS} keys."
        raise RefusedKeysError(message)
    if not all(is_public_key(key) for key in keys):
        message = "Each key must be a public one for ES256, RS256, PS256 (2,048 bits or more) or EdDSA."
        raise RefusedKeysError(message)
    return {"keys": keys}
