"""``fieldgate schema``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from cli.__main__ import main
from cli.schema import COMMITTED

if TYPE_CHECKING:
    from pathlib import Path


def test_the_committed_sdl_is_the_schema_as_built() -> None:
    assert main(["schema", "check"]) == 0


def test_the_sdl_that_is_printed_is_the_committed_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schema", "print"]) == 0
    assert capsys.readouterr().out == COMMITTED.read_text(encoding="utf-8")


def test_an_sdl_that_differs_fails_the_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "schema.graphql"
    other.write_text(COMMITTED.read_text(encoding="utf-8").replace("taxId", "taxNumber"), encoding="utf-8")
    monkeypatch.setattr("cli.schema.COMMITTED", other)
    assert main(["schema", "check"]) == 1
    assert "-  taxNumber: String" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("before", "after", "exit_code", "said"),
    [
        ("taxId: String ", "taxNumber: String ", 1, "breaking: Field Company.taxId was removed."),
        ("sector: String ", "sector: String! ", 0, "safe:"),
        (
            'taxId: String @requires(permission: "company:read_tax")',
            'taxId: String @requires(permission: "company:read")',
            0,
            "dangerous: Company.taxId requires company:read, no longer company:read_tax.",
        ),
    ],
)
def test_diff_says_what_a_change_means(  # noqa: PLR0913, PLR0917 - a table of cases and two fixtures
    before: str, after: str, exit_code: int, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sdl = COMMITTED.read_text(encoding="utf-8")
    changed = tmp_path / "new.graphql"
    changed.write_text(sdl.replace(before, after, 1), encoding="utf-8")
    assert main(["schema", "diff", str(COMMITTED), str(changed)]) == exit_code
    assert said in capsys.readouterr().out


def test_diff_speaks_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = tmp_path / "new.graphql"
    changed.write_text(COMMITTED.read_text(encoding="utf-8").replace("taxId: ", "taxNumber: ", 1), encoding="utf-8")
    assert main(["schema", "diff", str(COMMITTED), str(changed), "--json"]) == 1
    assert {each["severity"] for each in json.loads(capsys.readouterr().out)} == {"breaking", "safe"}
