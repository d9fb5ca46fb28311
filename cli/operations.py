"""``fieldgate operations``: the documents that frontends name instead of sending them."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import graphql
from cyclopts import App, Parameter

from cli.environment import command_settings
from cli.failure import CommandFailedError, UsageError
from schema.build import build_schema
from server.operations import registry
from server.operations.checking import Checking
from server.operations.manifest import ManifestError, read_manifest
from server.operations.registry import Publication, RegistryError
from tenancy.database import open_database

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from models.shared import Operation
    from settings import Settings

app = App(
    name="operations",
    help="Publish the documents that frontends name instead of sending them.",
    help_epilogue="Example: `fieldgate operations publish persisted-documents.json`",
)

Json = Annotated[bool, Parameter(name="--json", negative=(), help="Print JSON for a program to read.")]


@app.command(help_epilogue="Example: `fieldgate operations publish persisted-documents.json`")
def publish(manifest: Path, *, as_json: Json = False) -> int:
    """Publish every document of a manifest, or none where one of them would be refused. Servers follow within seconds.

    Args:
        manifest: What Apollo's generate-persisted-query-manifest, Relay's compiler or GraphQL Code Generator wrote.
        as_json: Print JSON for a program to read.
    """
    try:
        documents = read_manifest(manifest.read_bytes())
    except (OSError, ManifestError) as failure:
        message = f"{manifest}: {failure}"
        raise UsageError(message) from failure

    async def work() -> tuple[Publication, dict[str, list[str]]]:
        async with _opened() as settings:
            checking = Checking(build_schema(), settings)
            checked = {each: checking.problems_to_publish(each, text) for each, text in documents.items()}
            failures = {each: problems for each, problems in checked.items() if problems}
            return Publication() if failures else await registry.publish(documents), failures

    publication, failures = asyncio.run(work())
    counts = {
        "published": publication.published,
        "republished": publication.republished,
        "unchanged": publication.unchanged,
    }
    if as_json:
        print(json.dumps({**counts, "failures": _described_failures(failures)}))
        return 1 if failures else 0
    _tell(failures)
    if failures:
        message = f"{len(failures)} of {len(documents)} documents would be refused, so none was published"
        raise CommandFailedError(message)
    print(", ".join(f"{number} {name}" for name, number in counts.items()))
    return 0


@app.command(name="list", help_epilogue="Example: `fieldgate operations list --json`")
def list_(*, as_json: Json = False) -> None:
    """List every document that was ever published.

    Args:
        as_json: Print JSON for a program to read, with what was done with each and when.
    """

    async def work() -> list[dict[str, Any]]:
        async with _opened():
            return [_described(each) for each in await registry.operations()]

    described = asyncio.run(work())
    if as_json:
        print(json.dumps(described))
        return
    # No table: an id alone is as wide as many a terminal, and it is what the other commands take.
    for each in described:
        state = f"retired {each['retiredAt']}" if each["retiredAt"] else f"published {each['publishedAt']}"
        print(each["documentId"], state, *each["names"])


@app.command(help_epilogue="Example: `fieldgate operations check`")
def check(*, as_json: Json = False) -> int:
    """Say which published documents this release cannot answer any more; exit code 1 when there are any.

    Args:
        as_json: Print JSON for a program to read.
    """

    async def work() -> tuple[int, dict[str, list[str]]]:
        async with _opened() as settings:
            checking = Checking(build_schema(), settings)
            in_service = [each for each in await registry.operations() if each.retired_at is None]
            checked = {each.identifier: checking.problems(each.text) for each in in_service}
            return len(checked), {each: problems for each, problems in checked.items() if problems}

    number, failures = asyncio.run(work())
    if as_json:
        print(json.dumps({"working": number - len(failures), "failures": _described_failures(failures)}))
        return 1 if failures else 0
    _tell(failures)
    if failures:
        message = f"{len(failures)} of {number} documents in service do not work any more"
        raise CommandFailedError(message)
    print(f"{number} documents work")
    return 0


@app.command(help_epilogue="Example: `fieldgate operations retire sha256:HASH`")
def retire(*document: str, as_json: Json = False) -> None:
    """Take documents out of service: every id that stands for the same text. Servers follow within seconds.

    Args:
        document: Ids as published, or sha256: and the hash of the text.
        as_json: Print JSON for a program to read.
    """
    if not document:
        message = "name a document"
        raise UsageError(message)

    async def work() -> list[str]:
        async with _opened():
            return await registry.retire(document)

    stopped = asyncio.run(work())
    print(json.dumps({"retired": stopped}) if as_json else "\n".join(stopped))


@asynccontextmanager
async def _opened() -> AsyncIterator[Settings]:
    with command_settings() as settings:
        database = await open_database(settings)
        try:
            yield settings
        except RegistryError as refused:
            raise CommandFailedError(str(refused)) from refused
        finally:
            await database.close()


def _tell(failures: Mapping[str, list[str]]) -> None:
    for identifier, problems in failures.items():
        for problem in problems:
            sys.stderr.write(f"fieldgate: {identifier}: {problem}\n")


def _described_failures(failures: Mapping[str, list[str]]) -> list[dict[str, object]]:
    return [{"documentId": identifier, "problems": problems} for identifier, problems in failures.items()]


def _described(operation: Operation) -> dict[str, Any]:
    definitions = graphql.parse(operation.text).definitions
    events = sorted(operation.events, key=lambda each: each.at)
    return {
        "documentId": operation.identifier,
        "sha256": operation.digest.hex(),
        "names": [
            each.name.value for each in definitions if isinstance(each, graphql.OperationDefinitionNode) and each.name
        ],
        "publishedAt": operation.created_at.isoformat(timespec="seconds"),
        "retiredAt": operation.retired_at and operation.retired_at.isoformat(timespec="seconds"),
        "events": [{"action": each.action.value, "at": each.at.isoformat(timespec="seconds")} for each in events],
    }
