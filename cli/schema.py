"""``fieldgate schema``: the contract as text, and what a change to it means for clients."""

from __future__ import annotations

import difflib
import json
import sys
from pathlib import Path
from typing import Annotated

import graphql
from cyclopts import App, Parameter
from graphql import find_schema_changes

from cli.environment import REPOSITORY
from cli.failure import CommandFailedError
from schema.build import build_schema

app = App(
    name="schema", help="Print and compare the GraphQL schema.", help_epilogue="Example: `fieldgate schema print`"
)

COMMITTED = REPOSITORY / "schema" / "schema.graphql"

Json = Annotated[bool, Parameter(name="--json", negative=())]


def printed() -> str:
    """The schema as SDL, with a final newline."""
    return build_schema().as_str() + "\n"


@app.command(name="print", help_epilogue="Example: `fieldgate schema print > schema/schema.graphql`")
def print_(*, as_json: Json = False) -> None:
    """Print the schema as SDL.

    Args:
        as_json: Print {"sdl": …} for a program to read.
    """
    text = printed()
    sys.stdout.write(json.dumps({"sdl": text}) + "\n" if as_json else text)


@app.command(help_epilogue="Example: `fieldgate schema check`")
def check() -> int:
    """Compare the schema with the committed schema/schema.graphql; exit code 1 when they differ."""
    committed = COMMITTED.read_text(encoding="utf-8") if COMMITTED.exists() else ""
    text = printed()
    if committed == text:
        return 0
    difference = difflib.unified_diff(
        committed.splitlines(), text.splitlines(), "schema/schema.graphql", "the schema as built", lineterm=""
    )
    sys.stdout.write("\n".join(difference) + "\n")
    message = "schema/schema.graphql is not the schema as built; run: fieldgate schema print > schema/schema.graphql"
    raise CommandFailedError(message)


@app.command(help_epilogue="Example: `fieldgate schema diff old.graphql schema/schema.graphql`")
def diff(old: Path, new: Path, *, as_json: Json = False) -> int:
    """Say what a change of the schema means for its clients; exit code 1 when it breaks some.

    Args:
        old: SDL file of the schema that clients know.
        new: SDL file of the schema that they would meet.
        as_json: Print a list for a program to read.
    """
    before, after = _read(old), _read(new)
    changes = [
        {"type": change.type.name, "severity": _severity(change), "description": change.description}
        for change in find_schema_changes(before, after)
    ]
    changes += _permission_changes(_permissions(before), _permissions(after))
    breaks = any(change["severity"] == "breaking" for change in changes)
    if as_json:
        sys.stdout.write(json.dumps(changes) + "\n")
    else:
        for change in changes:
            sys.stdout.write(f"{change['severity']}: {change['description']}\n")
    return int(breaks)


def _permissions(schema: graphql.GraphQLSchema) -> dict[str, str]:
    """The permission of each field, by coordinate, as ``@requires`` says it."""
    return {
        f"{type_.name}.{name}": argument.value.value
        for type_ in schema.type_map.values()
        if isinstance(type_, graphql.GraphQLObjectType | graphql.GraphQLInputObjectType)
        for name, field in type_.fields.items()
        for directive in (field.ast_node.directives or () if field.ast_node else ())
        if directive.name.value == "requires"
        for argument in directive.arguments or ()
        if isinstance(argument.value, graphql.StringValueNode)
    }


def _permission_changes(before: dict[str, str], after: dict[str, str]) -> list[dict[str, str]]:
    """A field that asks for another permission is the same to a tool and not to a person who loses it."""
    return [
        {
            "type": "PERMISSION_CHANGED",
            "severity": "dangerous",
            "description": f"{coordinate} requires {after[coordinate]}, no longer {permission}.",
        }
        for coordinate, permission in before.items()
        if after.get(coordinate, permission) != permission
    ]


def _severity(change: object) -> str:
    if isinstance(change, graphql.BreakingChange):
        return "breaking"
    return "dangerous" if isinstance(change, graphql.DangerousChange) else "safe"


def _read(path: Path) -> graphql.GraphQLSchema:
    try:
        return graphql.build_schema(path.read_text(encoding="utf-8"))
    except (OSError, graphql.GraphQLError) as problem:
        message = f"{path}: {problem}"
        raise CommandFailedError(message) from problem
