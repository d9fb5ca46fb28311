"""``docs/add-a-field.md`` works: its steps are carried out to the letter in a copy of the checkout."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
PAGE: Final = ROOT / "docs" / "add-a-field.md"

_STEP: Final = re.compile(r"In `(?P<file>[^`]+)`, below `(?P<anchor>.+?)`:\n\n```python\n(?P<code>.*?)```", re.DOTALL)


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of the sources, in a folder with a space in its name."""
    copy = tmp_path / "a copy"
    left_out = shutil.ignore_patterns(".*", "__pycache__", "node_modules", "dist")
    shutil.copytree(ROOT, copy, ignore=left_out)
    return copy


def _run(checkout: Path, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(checkout), "FIELDGATE_ENVIRONMENT": "development"}
    done = subprocess.run(  # noqa: S603 - the page's own commands
        [sys.executable, "-m", *arguments], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_page_takes_a_newcomer_from_a_column_to_an_answer(checkout: Path, empty_database_url: str) -> None:
    steps = list(_STEP.finditer(PAGE.read_text(encoding="utf-8")))
    assert [step["file"] for step in steps] == ["models/tenant/company.py", "schema/company.py"]
    for step in steps:
        path = checkout / step["file"]
        text = path.read_text(encoding="utf-8")
        line = f"    {step['anchor']}\n"
        assert text.count(line) == 1, f"the page names a line that {step['file']} does not have"
        path.write_text(text.replace(line, line + step["code"]), encoding="utf-8")

    (commands,) = _blocks("sh")
    for command in commands.strip().splitlines():
        program, *arguments = shlex.split(command)
        assert program == "fieldgate"
        if ">" in arguments:
            at = arguments.index(">")
            output = _run(checkout, "cli", *arguments[:at])
            (checkout / arguments[at + 1]).write_text(output, encoding="utf-8")
        else:
            _run(checkout, "cli", *arguments)
    assert "employeeCount: Int @requires" in (checkout / "schema" / "schema.graphql").read_text(encoding="utf-8")

    (document,) = _blocks("graphql")
    question = "tests.acceptance.add_a_field_question"
    answers = json.loads(_run(checkout, question, empty_database_url, document))
    seen = {each["name"]: each["employeeCount"] for each in answers["owner"]["data"]["companies"]["nodes"]}
    assert seen == {"One": 10, "Two": 20}
    assert answers["owner"]["errors"] == []

    hidden = [each["employeeCount"] for each in answers["analyst"]["data"]["companies"]["nodes"]]
    assert hidden == [None, None]
    (error,) = answers["analyst"]["errors"]
    (promised,) = map(json.loads, _blocks("json"))
    assert {key: error[key] for key in promised} == promised
