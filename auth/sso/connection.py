"""A tenant's connections to identity providers, as its owners and our operators look after them.

Everything here acts in the tenant whose scope the running task is in, and on no other's connections: one of another
tenant is one that does not exist. Rows are in the shared schema and events in the tenant's, written in one transaction.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tortoise.exceptions import IntegrityError
from tortoise.expressions import F

from auth.audit import Actor, AuditSubject, record
from auth.sso.connection_addresses import connection_addresses
from auth.sso.connection_settings import ChangeRefusedError, Problem, ProblemKind, check_settings
from auth.sso.connection_staging import PROVEN, is_known_by, stage, staged_columns
from auth.sso.connection_view import ConnectionView, connection_view, missing_settings, unknown_issuer
from auth.sso.connection_warnings import connection_warnings, our_expiries, secret_warnings
from auth.sso.provider import seal_client_secret
from auth.sso.refusal import SignInRefusedError
from auth.sso.rehearsal import test_ticket
from auth.sso.saml.metadata import read_metadata
from auth.sso.saml.service_provider_key import new_pair, replace_key
from models.shared import IdentityProvider, IdentityProviderKind, Session
from models.tenant import AuditActorKind, Member, MemberGroup
from tenancy.both_schemas import in_both_schemas
from tenancy.scope import current_scope

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from tortoise.queryset import QuerySet

    from auth.sso.connection_settings import Checked
    from auth.sso.look_ups import LookUps
    from auth.sso.outbound import Outbound
    from auth.sso.saml.metadata import IdentityProviderMetadata
    from settings import Settings

MOST_CONNECTIONS: Final = 50

_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
_SUBJECT: Final = "identity_provider"
_UNKNOWN: Final = Problem("id", "There is no such identity provider.", ProblemKind.UNKNOWN)
_OTHER: Final = "People are known by what the present provider calls them. Make another connection for another."
_TAKEN: Final = "There is a connection to this provider already, by the same name of ours there."


@dataclass(frozen=True, slots=True)
class Author:
    """Who changes a connection.

    Attributes:
        actor: as the audit event names them.
        session_id: of a member, whom a change could lock out; ``None``: an operator, whom none can.
        request_id: of the request, for the event.
    """

    actor: Actor
    session_id: UUID | None = None
    request_id: str | None = None


OPERATOR: Final = Author(Actor(AuditActorKind.OPERATOR))


class Connections:
    """The connections of the tenant whose scope is open."""

    def __init__(self, settings: Settings, outbound: Outbound, look_ups: LookUps) -> None:
        self._settings = settings
        self._outbound = outbound
        self._look_ups = look_ups

    async def all(self) -> list[IdentityProvider]:
        """All of them, the oldest first."""
        return await _own().order_by("id")

    async def one(self, identity_provider_id: UUID) -> IdentityProvider:
        """One of them.

        Raises:
            ChangeRefusedError: the tenant has none of this id.
        """
        row = await _own().filter(id=identity_provider_id).first()
        if row is None:
            raise ChangeRefusedError(_UNKNOWN)
        return row

    async def views(self, rows: Sequence[IdentityProvider], now: datetime) -> list[ConnectionView]:
        """Connections as their owner sees them."""
        ours = await our_expiries(row.id for row in rows)
        slug = current_scope().placement.slug
        return [
            connection_view(
                row,
                connection_addresses(self._settings, slug, row),
                [
                    *secret_warnings(self._settings, row),
                    *connection_warnings(row, ours.get(row.id), self._outbound, now),
                ],
            )
            for row in rows
        ]

    async def create(self, author: Author, kind: IdentityProviderKind, given: Mapping[str, Any]) -> IdentityProvider:
        """A new connection, which stays off until a test of it has worked and somebody switches it on.

        Args:
            author: who makes it.
            kind: the protocol.
            given: see ``check_settings``.

        Raises:
            ChangeRefusedError: something is wrong with the settings.
        """
        if given.get("name") is None:
            raise ChangeRefusedError(Problem("name", "This must not be empty."))
        checked = await self._checked(kind, given)
        row = IdentityProvider(tenant_id=_tenant_id(), kind=kind)
        # Many a provider wants to be told our addresses before it says what it is called itself.
        row.issuer = unknown_issuer(row.id)
        row.update_from_dict({**checked.columns, "claim_names": _claim_names({}, checked.claims)})
        row.client_secret = self._sealed(row.id, checked.secret)
        try:
            async with in_both_schemas():
                if await _own().count() >= MOST_CONNECTIONS:
                    raise ChangeRefusedError(
                        Problem("id", f"A tenant has at most {MOST_CONNECTIONS} connections.", ProblemKind.CONFLICT)
                    )
                await _record(author, "identity_provider:create", row.id, kind=kind.value, fields=sorted(given))
                await row.save(force_create=True)
        except IntegrityError as failure:
            raise ChangeRefusedError(_taken(kind, given)) from failure
        return row

    async def update(
        self, author: Author, identity_provider_id: UUID, given: Mapping[str, Any], *, discard_staged: bool = False
    ) -> IdentityProvider:
        """Change what is given. What a test has proved stays in force until a test has proved what is to replace it.

        Args:
            author: who changes it.
            identity_provider_id: of the connection.
            given: see ``check_settings``.
            discard_staged: first forget the changes that wait for a test.

        Raises:
            ChangeRefusedError: there is no such connection, or something is wrong with the settings.
        """
        checked = await self._checked((await self.one(identity_provider_id)).kind, given)
        try:
            async with in_both_schemas():
                row = await _locked(identity_provider_id)
                if checked.columns.get("issuer", row.issuer) != row.issuer and await is_known_by(row.id):
                    raise ChangeRefusedError(Problem(_naming(row.kind, given), _OTHER, ProblemKind.CONFLICT))
                await _record(author, "identity_provider:update", row.id, fields=sorted(given))
                if discard_staged:
                    row.staged, row.revision = None, row.revision + 1
                self._change(row, checked)
                await _refuse_twins(row, given)
                await row.save()
        except IntegrityError as failure:
            raise ChangeRefusedError(_taken(row.kind, given)) from failure
        return row

    async def set_enabled(self, author: Author, identity_provider_id: UUID, *, enabled: bool) -> IdentityProvider:
        """Let people sign in by a connection that has been tested, or nobody any more: then its sessions end.

        Raises:
            ChangeRefusedError: there is no such connection, it has not been tested, or its author would be locked
                out, perhaps with everybody else.
        """
        async with in_both_schemas():
            # All of them, so that of two people who switch off one each, one sees what the other does.
            rows = {row.id: row for row in await _own().order_by("id").select_for_update()}
            row = rows.get(identity_provider_id)
            if row is None:
                raise ChangeRefusedError(_UNKNOWN)
            if enabled and row.tested_at is None:
                message = "This connection has not been tested. Test it, and then switch it on."
                raise ChangeRefusedError(Problem("enabled", message, ProblemKind.CONFLICT))
            if row.enabled and not enabled and author.session_id is not None:
                others = any(each.enabled for each in rows.values() if each.id != row.id)
                await _refuse_locking_out(row, author.session_id, others=others)
            if row.enabled is not enabled:
                await _record(author, f"identity_provider:{'enable' if enabled else 'disable'}", row.id)
                row.enabled = enabled
                await row.save(update_fields=["enabled", "updated_at"])
        return row

    async def delete(self, author: Author, identity_provider_id: UUID) -> None:
        """Remove a connection that is off. Its members stay, and may be found by their e-mail address once more.

        Raises:
            ChangeRefusedError: there is no such connection, or it is on.
        """
        async with in_both_schemas():
            row = await _locked(identity_provider_id)
            if row.enabled:
                message = "This connection is on. Switch it off, and then delete it."
                raise ChangeRefusedError(Problem("id", message, ProblemKind.CONFLICT))
            await _record(author, "identity_provider:delete", row.id)
            await _let_go(row.id)
            await row.delete()

    async def rotate_key(
        self, author: Author, identity_provider_id: UUID, *, keep: timedelta | None = None
    ) -> IdentityProvider:
        """Make a new key of ours in a SAML connection: it signs from now on, and is what our metadata shows.

        Args:
            author: who wants it.
            identity_provider_id: of the connection.
            keep: how long the present key still opens what the provider encrypts with it; ``None``: until its
                certificate ends.

        Raises:
            ChangeRefusedError: there is no such connection, or it has no key of ours.
        """
        now = datetime.now(UTC)
        pair = await new_pair(now)
        async with in_both_schemas():
            row = await _locked(identity_provider_id)
            if row.kind is not IdentityProviderKind.SAML:
                message = "Only a SAML connection has keys of ours."
                raise ChangeRefusedError(Problem("id", message, ProblemKind.CONFLICT))
            await _record(author, "identity_provider:rotate_key", row.id)
            await replace_key(self._settings, row.id, pair, now, keep=keep)
        return row

    async def test_address(self, author: Author, identity_provider_id: UUID) -> str:
        """Where to go for a dry run, with what waits in force: it shows what the provider says and signs nobody in.

        Good for a quarter of an hour.

        Raises:
            ChangeRefusedError: there is no such connection, or nobody could be sent anywhere by it.
        """
        row = await self.one(identity_provider_id)
        missing = missing_settings(row)
        if missing:
            message = "Without this, nobody can be sent to the provider."
            raise ChangeRefusedError(*(Problem(name, message, ProblemKind.CONFLICT) for name in missing))
        await _record(author, "identity_provider:test", row.id)
        return f"{self._settings.public_url.rstrip('/')}/auth/test?ticket={test_ticket(self._settings, row.id)}"

    async def _checked(self, kind: IdentityProviderKind, given: Mapping[str, Any]) -> Checked:
        now = datetime.now(UTC)
        if given.get("metadata_url") is None:
            return await check_settings(kind, given, self._outbound, now)
        with self._look_ups.one(_tenant_id(), "metadata_url"):
            return await check_settings(kind, given, self._outbound, now)

    def _change(self, row: IdentityProvider, checked: Checked) -> None:
        changes = {**checked.columns}
        if checked.claims:
            before = staged_columns(row).get("claim_names", row.claim_names)
            changes["claim_names"] = _claim_names(before, checked.claims)
        if checked.secret is not None:
            changes["client_secret"] = self._sealed(row.id, checked.secret)
        at_once = self._only_refreshed(row, checked)
        proven = {column: changes.pop(column) for column in PROVEN if column in changes and column not in at_once}
        for column, value in changes.items():
            setattr(row, column, value)
        as_it_is = all(value == getattr(row, column) for column, value in proven.items())
        if as_it_is and not (proven and row.staged):
            return
        row.revision += 1
        if row.tested_at is None:
            for column, value in proven.items():
                setattr(row, column, value)
        else:
            stage(row, proven)

    def _only_refreshed(self, row: IdentityProvider, checked: Checked) -> Sequence[str]:
        """What of a document that says what the one in force says, but for how long, needs no test."""
        if checked.metadata is None or not row.saml_metadata or row.metadata_url != checked.columns["metadata_url"]:
            return ()
        try:
            # As of when it was good: it may be over by now, which is why somebody brings another.
            before = read_metadata(row.saml_metadata.encode(), self._outbound, _LONG_AGO)
        except SignInRefusedError:
            return ()
        if _meaning(before) != _meaning(checked.metadata):
            return ()
        return ("saml_metadata", "metadata_expires_at", "certificate_expires_at", "issuer", "metadata_url")

    def _sealed(self, identity_provider_id: UUID, secret: str | None) -> bytes | None:
        return seal_client_secret(self._settings, identity_provider_id, secret) if secret else None


def _tenant_id() -> UUID:
    return current_scope().placement.tenant_id


def _own() -> QuerySet[IdentityProvider]:
    return IdentityProvider.filter(tenant_id=_tenant_id())


async def _locked(identity_provider_id: UUID) -> IdentityProvider:
    row = await _own().filter(id=identity_provider_id).select_for_update().first()
    if row is None:
        raise ChangeRefusedError(_UNKNOWN)
    return row


async def _refuse_twins(row: IdentityProvider, given: Mapping[str, Any]) -> None:
    """What waits is told here already that it can't be put in force."""
    waiting = staged_columns(row)
    if not {"issuer", "client_id"} & waiting.keys():
        return
    named = {"issuer": waiting.get("issuer", row.issuer), "client_id": waiting.get("client_id", row.client_id)}
    if await _own().filter(**named).exclude(id=row.id).exists():
        raise ChangeRefusedError(_taken(row.kind, given))


async def _refuse_locking_out(row: IdentityProvider, session_id: UUID, *, others: bool) -> None:
    if not others:
        message = "This is the only way in: nobody could sign in any more. Switch another connection on first."
        raise ChangeRefusedError(Problem("enabled", message, ProblemKind.CONFLICT))
    # Who got in by another way knows that there is one.
    if await Session.exists(id=session_id, identity_provider_id=row.id):
        message = "You signed in by this connection. Sign in by another, and then switch it off."
        raise ChangeRefusedError(Problem("enabled", message, ProblemKind.CONFLICT))


async def _let_go(identity_provider_id: UUID) -> None:
    """Members and groups stay, as nobody's: another connection may find them, and knows them by names of its own."""
    nobodys = {"identity_provider_id": None, "external_id": None, "version": F("version") + 1}
    await Member.filter(identity_provider_id=identity_provider_id).update(**nobodys, subject=None)
    await MemberGroup.filter(identity_provider_id=identity_provider_id).update(**nobodys)


def _claim_names(before: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: theirs for name, theirs in {**before, **changes}.items() if theirs is not None}


def _meaning(metadata: IdentityProviderMetadata) -> IdentityProviderMetadata:
    return replace(metadata, expires_at=None, warnings=frozenset())


def _taken(kind: IdentityProviderKind, given: Mapping[str, Any]) -> Problem:
    return Problem(_naming(kind, given), _TAKEN, ProblemKind.CONFLICT)


def _naming(kind: IdentityProviderKind, given: Mapping[str, Any]) -> str:
    """The setting by which somebody has said who the provider is."""
    if kind is IdentityProviderKind.SAML:
        return "metadata" if given.get("metadata_url") is None else "metadata_url"
    return "client_id" if "client_id" in given and "issuer" not in given else "issuer"


async def _record(author: Author, action: str, identity_provider_id: UUID, **details: object) -> None:
    await record(
        author.actor,
        action,
        AuditSubject(_SUBJECT, identity_provider_id),
        details=details,
        request_id=author.request_id,
    )
