"""``fieldgate permissions``: who may read and write what, without running a query."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter
from graphql import GraphQLInputObjectType, GraphQLInterfaceType, GraphQLObjectType
from rich.console import Console
from rich.table import Table

from auth.grant_resolution import resolve_grants
from auth.permissions import PUBLIC, Permission
from auth.roles import BUILT_IN_ROLES
from auth.tenant_roles import tenant_roles
from auth.viewer import Viewer
from cli.environment import command_settings
from cli.failure import CommandFailedError
from engine.engine import Engine
from engine.explanation import Explanation
from engine.request import Request
from engine.result import Result
from models.tenant import Member
from schema.build import build_schema
from schema.declarations import Declarations
from tenancy.database import open_database
from tenancy.scope import tenant_scope

app = App(
    name="permissions",
    help="Show who may read and write what.",
    help_epilogue="Example: `fieldgate permissions matrix`",
)

Json = Annotated[bool, Parameter(name="--json", negative=())]

# An explanation runs nothing, so no session stands behind it.
_NO_SESSION = UUID(int=0)


@app.command(help_epilogue="Example: `fieldgate permissions matrix --tenant acme`")
def matrix(*, tenant: str | None = None, as_json: Json = False) -> None:
    """Show every field, the permission that it asks for, and the roles that hold it.

    Args:
        tenant: The roles of this tenant; without it, the built-in ones.
        as_json: Print a list for a program to read.
    """
    roles = BUILT_IN_ROLES if tenant is None else asyncio.run(_roles_of(tenant))
    rows = [
        (coordinate, requirement, [role for role, held in roles.items() if _holds(held, requirement)])
        for coordinate, requirement in _requirements()
    ]
    if as_json:
        listed = [{"field": field, "permission": permission, "roles": holders} for field, permission, holders in rows]
        sys.stdout.write(json.dumps(listed) + "\n")
        return
    table = Table("Field", "Permission", *roles, box=None)
    for field, permission, holders in rows:
        table.add_row(field, permission, *("yes" if role in holders else "" for role in roles))
    _console().print(table)


def _holds(held: frozenset[Permission], requirement: str) -> bool:
    return requirement == PUBLIC or requirement in held


def _console() -> Console:
    """Standard output; into a pipe or a file, wide enough that no coordinate is cut."""
    return Console() if sys.stdout.isatty() else Console(width=200)


def _requirements() -> list[tuple[str, str]]:
    schema = build_schema()._schema  # noqa: SLF001 - Strawberry has no public name for the schema it built
    declarations = Declarations(schema)
    return [
        (f"{name}.{field}", str(declarations.field(name, field).requires))
        for name, type_ in sorted(schema.type_map.items())
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLInputObjectType)
        and not name.startswith("__")
        for field in type_.fields
    ]


async def _roles_of(slug: str) -> Mapping[str, frozenset[Permission]]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            placement = await database.directory.by_slug(slug)
            async with tenant_scope(placement, authorization_version=None, read_only=True):
                return await tenant_roles()
        finally:
            await database.close()


@app.command(
    help_epilogue="Example: `fieldgate permissions explain query.graphql --as analyst@acme.example --tenant acme`"
)
def explain(
    document: Path,
    *,
    email: Annotated[str, Parameter(name="--as")],
    tenant: str,
    variables: str = "{}",
    as_json: Json = False,
) -> int:
    """Show what would become of a document for one member: each field, and the SQL. Nothing of it is run.

    Args:
        document: File with one GraphQL operation; - for standard input.
        email: The member's e-mail address.
        tenant: The tenant's slug.
        variables: The operation's variables, as JSON.
        as_json: Print an object for a program to read.
    """
    text = sys.stdin.read() if str(document) == "-" else document.read_text(encoding="utf-8")
    explained = asyncio.run(_explain(text, json.loads(variables), email, tenant))
    if isinstance(explained, Result):
        sys.stdout.write(json.dumps({"errors": explained.errors}, indent=None if as_json else 2) + "\n")
        return 1
    if as_json:
        sys.stdout.write(json.dumps(_as_json(explained)) + "\n")
        return 0
    table = Table("Selection", "Field", "Permission", "Becomes", "Rows", box=None)
    for field in explained.fields:
        rows = ", ".join(f"{name}: {state}" for name, state in field.rows.items())
        within = field.authenticated_within
        asked = field.permission if within is None else f"{field.permission}, signed in within {within // 60} minutes"
        table.add_row(field.selection, field.field, asked, field.state, rows)
    console = _console()
    console.print(table)
    for statement in explained.statements:
        console.print()
        console.print(statement, soft_wrap=True, markup=False, highlight=False)
    return 0


async def _explain(document: str, variables: Mapping[str, object], email: str, slug: str) -> Explanation | Result:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            placement = await database.directory.by_slug(slug)
            async with tenant_scope(placement, authorization_version=None, read_only=True):
                member = await Member.get_or_none(email=email.strip().lower())
            if member is None:
                message = f"{slug} has no member {email}"
                raise CommandFailedError(message)
            resolved = await resolve_grants(placement, member.id)
            viewer = Viewer(placement, member.id, _NO_SESSION, resolved.grants, resolved.version)
            engine = Engine(build_schema(), settings)
            return engine.explain(Request(document, request_id="explain", variables=variables), viewer)
        finally:
            await database.close()


def _as_json(explanation: Explanation) -> dict[str, object]:
    return {
        "fields": [
            {
                "selection": field.selection,
                "field": field.field,
                "permission": field.permission,
                "state": field.state,
                "rows": field.rows,
                "authenticatedWithin": field.authenticated_within,
            }
            for field in explanation.fields
        ],
        "statements": explanation.statements,
    }
