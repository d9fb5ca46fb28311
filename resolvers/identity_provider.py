from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from auth.sso.connection_view import ConnectionView
from models.shared import IdentityProvider, IdentityProviderKind
from resolvers.administration import author_of, noting_problems, row_key
from resolvers.company_ties import key_of
from resolvers.context import Context, Info
from resolvers.global_ids import encode
from resolvers.user_error import UserError
from resolvers.writes import Problems, Written

# Our certificates end after five years.
_LONGEST_KEPT_DAYS = 1825
_NOT_SETTINGS = frozenset({"id", "kind", "discard_waiting"})


@dataclass(frozen=True, slots=True)
class IdentityProviderChange:
    """The attributes behind the fields of a payload."""

    user_errors: list[UserError]
    identity_provider: ConnectionView | None = None
    test_url: str | None = field(default=None, repr=False)


async def identity_providers(info: Info) -> list[ConnectionView]:
    """The tenant's connections, the oldest first."""
    connections = info.context.administration.connections
    return [_shown(view) for view in await connections.views(await connections.all(), datetime.now(UTC))]


async def create(context: Context, written: Written) -> IdentityProviderChange:
    """Make a connection.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    row = None
    with noting_problems(problems):
        kind = IdentityProviderKind(written.values["kind"])
        row = await context.administration.connections.create(author, kind, _settings(written))
    return await _answer(context, problems, row)


async def update(context: Context, written: Written) -> IdentityProviderChange:
    """Change the settings that are given.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    row = None
    with noting_problems(problems):
        row = await context.administration.connections.update(
            author,
            row_key(written.values["id"]),
            _settings(written),
            discard_staged=bool(written.values.get("discard_waiting")),
        )
    return await _answer(context, problems, row)


async def set_enabled(context: Context, written: Written) -> IdentityProviderChange:
    """Switch a connection on or off.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    row = None
    with noting_problems(problems):
        row = await context.administration.connections.set_enabled(
            author, row_key(written.values["id"]), enabled=written.values["enabled"]
        )
    return await _answer(context, problems, row)


async def delete(context: Context, written: Written) -> IdentityProviderChange:
    """Remove a connection.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    with noting_problems(problems):
        await context.administration.connections.delete(author, row_key(written.values["id"]))
    return IdentityProviderChange(problems.errors)


async def rotate_key(context: Context, written: Written) -> IdentityProviderChange:
    """Make a new key of ours in a SAML connection.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    days = written.values.get("keep_days")
    if days is not None and not 0 <= days <= _LONGEST_KEPT_DAYS:
        problems.add("keep_days", f"This is 0 to {_LONGEST_KEPT_DAYS}.")
        return IdentityProviderChange(problems.errors)
    row = None
    with noting_problems(problems):
        row = await context.administration.connections.rotate_key(
            author, row_key(written.values["id"]), keep=None if days is None else timedelta(days=days)
        )
    return await _answer(context, problems, row)


async def test(context: Context, written: Written) -> IdentityProviderChange:
    """Where to go for a dry run.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is not a member who signed in.
    """
    author, problems = author_of(context), Problems(written)
    address = None
    with noting_problems(problems):
        address = await context.administration.connections.test_address(author, row_key(written.values["id"]))
    return IdentityProviderChange(problems.errors, test_url=address)


async def _answer(context: Context, problems: Problems, row: IdentityProvider | None) -> IdentityProviderChange:
    if row is None:
        return IdentityProviderChange(problems.errors)
    (view,) = await context.administration.connections.views([row], datetime.now(UTC))
    return IdentityProviderChange(problems.errors, _shown(view))


def _shown(view: ConnectionView) -> ConnectionView:
    if view.default_org_unit_id is None:
        return view
    return replace(view, default_org_unit_id=encode(b"OrgUnit:", str(view.default_org_unit_id)))


def _settings(written: Written) -> Mapping[str, Any]:
    settings = {name: value for name, value in written.values.items() if name not in _NOT_SETTINGS}
    if settings.get("default_org_unit_id") is not None:
        # An id of another type names an org unit that does not exist.
        settings["default_org_unit_id"] = key_of(settings["default_org_unit_id"], "OrgUnit") or UUID(int=0)
    rules: Sequence[Written] | None = settings.get("role_mapping")
    if rules is not None:
        settings["role_mapping"] = [dict(rule.values) for rule in rules]
    return settings
