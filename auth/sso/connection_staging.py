"""Changes of a connection that works, until a test shows that it still does.

Once a test has succeeded, what it proved stays in force: whatever would need another test waits beside it, on the row,
and takes its place at the end of a dry run that worked with it. So nobody is locked out by a mistyped secret, and no
connection serves people with settings that nobody has tried.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from tortoise.exceptions import IntegrityError

from auth.audit import Actor, AuditSubject, record
from auth.sso.refusal import Refusal, SignInRefusedError
from models.shared import IdentityProvider, SigningPolicy
from models.tenant import AuditActorKind, Member
from tenancy.both_schemas import in_both_schemas
from tenancy.scope import tenant_scope

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tenancy.placement import TenantPlacement

# What a dry run succeeds by. Who becomes a member, where and with which roles is not among them: it shows that as well,
# but nobody is kept out by it.
PROVEN: Final[tuple[str, ...]] = (
    "issuer",
    "client_id",
    "client_secret",
    "claim_names",
    "saml_metadata",
    "metadata_url",
    "metadata_expires_at",
    "certificate_expires_at",
    "signing_policy",
    "allow_unsolicited",
    "want_encrypted",
    "step_up_acr",
)

_TIMES: Final = frozenset({"metadata_expires_at", "certificate_expires_at"})


def with_staged(row: IdentityProvider) -> IdentityProvider:
    """The row as it would be with the changes that wait; for a dry run. It must not be saved."""
    for column, value in staged_columns(row).items():
        setattr(row, column, value)
    return row


def staged_columns(row: IdentityProvider) -> dict[str, Any]:
    """The changes that wait, column to value."""
    return {column: _value(column, value) for column, value in (row.staged or {}).items()}


def stage(row: IdentityProvider, changes: Mapping[str, Any]) -> None:
    """Have changes wait for a test, beside those that wait already. What is as it is in force waits no longer."""
    waiting = staged_columns(row) | dict(changes)
    waiting = {column: value for column, value in waiting.items() if value != getattr(row, column)}
    row.staged = {column: _json(value) for column, value in waiting.items()} or None


async def prove(placement: TenantPlacement, identity_provider_id: UUID, revision: int) -> None:
    """Note that a dry run has succeeded, and put in force what it was made with.

    Args:
        placement: of the tenant.
        identity_provider_id: of the connection.
        revision: of the settings that the dry run was made with. If they have changed since, it proves nothing.

    Raises:
        SignInRefusedError: what was tried can't be put in force: there is another connection that is the same but for
            the name, or people have become known by what the provider in force calls them.
    """
    try:
        async with tenant_scope(placement, authorization_version=None), in_both_schemas():
            own = IdentityProvider.filter(id=identity_provider_id, tenant_id=placement.tenant_id, revision=revision)
            row = await own.select_for_update().first()
            if row is None:
                return
            applied = sorted(row.staged or ())
            if "issuer" in applied and await is_known_by(row.id):
                raise SignInRefusedError(Refusal.CHANGE)
            await record(
                Actor(AuditActorKind.IDENTITY_PROVIDER, row.id),
                "identity_provider:prove",
                AuditSubject("identity_provider", row.id),
                details={"applied": applied},
            )
            with_staged(row)
            row.staged, row.tested_at = None, datetime.now(UTC)
            await row.save(update_fields=[*applied, "staged", "tested_at", "updated_at"])
    except IntegrityError as failure:
        raise SignInRefusedError(Refusal.CHANGE) from failure


async def is_known_by(identity_provider_id: UUID) -> bool:
    """Whether somebody of the open tenant is known by what this provider calls them."""
    return await Member.exists(identity_provider_id=identity_provider_id, subject__isnull=False)


def _json(value: Any) -> Any:  # noqa: ANN401 - a column's value
    if isinstance(value, bytes | memoryview):
        return b64encode(bytes(value)).decode()
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def _value(column: str, value: Any) -> Any:  # noqa: ANN401 - as above
    if value is None:
        return None
    if column == "client_secret":
        return b64decode(value)
    if column in _TIMES:
        return datetime.fromisoformat(value)
    return SigningPolicy(value) if column == "signing_policy" else value
