from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

from models.shared import Operation
from tests.server.operations.forgetting import forget_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from settings import Settings
    from tenancy.database import Database

ROOT: Final = Path(__file__).parent.parent.parent
NAMES: Final = "query Names { companies(first: 2) { nodes { name } } }"
VIEWER: Final = "query Me { viewer { member { id } } }"
HASH: Final = f"sha256:{hashlib.sha256(NAMES.encode()).hexdigest()}"


@pytest.fixture(autouse=True)
async def empty(database: Database) -> AsyncIterator[None]:
    del database
    await forget_operations()
    yield
    await forget_operations()


async def run(settings: Settings, *arguments: str, **environment: str) -> tuple[int, str, str]:
    assert settings.database_url is not None
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli", "operations", *arguments),
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "FIELDGATE_ENVIRONMENT": "development",
            "FIELDGATE_DATABASE_URL": settings.database_url.get_secret_value(),
            **environment,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def written(folder: Path, documents: Mapping[str, str]) -> str:
    path = folder / "manifest.json"
    path.write_text(json.dumps(documents), encoding="utf-8")
    return str(path)


async def test_documents_are_published_listed_and_retired(settings: Settings, tmp_path: Path) -> None:
    manifest = written(tmp_path, {HASH: NAMES, "me": VIEWER})
    assert await run(settings, "publish", manifest) == (0, "2 published, 0 republished, 0 unchanged\n", "")
    code, out, err = await run(settings, "publish", manifest, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {"published": 0, "republished": 0, "unchanged": 2, "failures": []}
    assert await run(settings, "check") == (0, "2 documents work\n", "")

    assert await run(settings, "retire", "me") == (0, "me\n", "")
    _, out, _ = await run(settings, "list", "--json")
    first, second = json.loads(out)
    assert (first["documentId"], first["sha256"]) == (HASH, HASH.removeprefix("sha256:"))
    assert (first["names"], first["retiredAt"]) == (["Names"], None)
    assert second["retiredAt"] is not None
    assert [each["action"] for each in second["events"]] == ["publish", "retire"]
    code, out, _ = await run(settings, "list")
    assert code == 0
    assert [(line.split()[0], line.split()[1], line.split()[3]) for line in out.splitlines()] == [
        (HASH, "published", "Names"),
        ("me", "retired", "Me"),
    ]


async def test_a_manifest_with_one_bad_document_is_not_published_and_each_is_named(
    settings: Settings, tmp_path: Path
) -> None:
    documents = {HASH: NAMES, "gone": "{ nothing }", "md5:a": VIEWER}
    manifest = written(tmp_path, documents)
    code, out, err = await run(settings, "publish", manifest)
    assert (code, out) == (1, "")
    assert "gone: " in err
    assert "md5:a: " in err
    assert "none was published" in err
    assert HASH not in err
    code, out, err = await run(settings, "publish", manifest, "--json")
    assert (code, err) == (1, "")
    assert [each["documentId"] for each in json.loads(out)["failures"]] == ["gone", "md5:a"]
    assert await Operation.all().count() == 0


async def test_check_tells_what_no_longer_works(settings: Settings, tmp_path: Path) -> None:
    await run(settings, "publish", written(tmp_path, {"names": NAMES, "me": VIEWER}))
    limited = {"FIELDGATE_LIMIT_DEPTH": "2"}
    code, out, err = await run(settings, "check", **limited)
    assert (code, out) == (1, "")
    assert "names: The operation has depth of 3" in err
    code, out, _ = await run(settings, "check", "--json", **limited)
    report: dict[str, Any] = json.loads(out)
    assert (code, report["working"]) == (1, 0)
    assert {each["documentId"] for each in report["failures"]} == {"names", "me"}


async def test_what_is_not_there_or_makes_no_sense_is_said(settings: Settings, tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.json"
    nonsense.write_text("[]", encoding="utf-8")
    await run(settings, "publish", written(tmp_path, {"names": NAMES}))
    for arguments, expected in (
        (("publish", str(tmp_path / "nothing.json")), 2),
        (("publish", str(nonsense)), 2),
        (("publish", written(tmp_path, {"names": VIEWER})), 1),
        (("retire",), 2),
        (("retire", "nobody"), 1),
    ):
        code, out, err = await run(settings, *arguments)
        assert (code, out) == (expected, ""), arguments
        assert err.startswith("fieldgate: ")
