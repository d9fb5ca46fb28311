from __future__ import annotations

import io
import re
import tokenize
from typing import TYPE_CHECKING, Final

from tests.house.tracked_files import ROOT, python_files, text_of, tracked_files

if TYPE_CHECKING:
    from pathlib import Path

# A suppression must say which rule, and after it why: "noqa: S603 - our own Python".
SUPPRESSION: Final = re.compile(r"#\s*(noqa|type:\s*ignore|pragma:)", re.IGNORECASE)
EXPLAINED: Final = re.compile(
    r"#\s*(?:noqa:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|type:\s*ignore\[[a-z-]+(?:,\s*[a-z-]+)*\])\s*(?:-|#)\s*\S.{3,}"
)

# Folders of somebody's machine. "/usr", "/var", "/tmp" and the like are the system's and the same on every machine.
MACHINE_PATH: Final = re.compile(r"(?<![\w.:/-])/(?:home|Users|root|work|mnt)/[\w.-]+")
REGISTRY_HOST: Final = re.compile(
    r"\b(?:(?:files\.)?pythonhosted\.org|(?:test\.)?pypi\.org|registry\.(?:npmjs\.org|yarnpkg\.com)|(?:unpkg|esm\.sh|cdn)\.[a-z.]+/)"
)


def offences(pattern: re.Pattern[str], *, apart_from: Path) -> dict[str, list[str]]:
    found = {
        str(path.relative_to(ROOT)): pattern.findall(text_of(path)) for path in tracked_files() if path != apart_from
    }
    return {name: hits for name, hits in found.items() if hits}


def comments(source: str) -> list[str]:
    return [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]


def test_no_file_names_a_folder_of_somebodys_machine() -> None:
    assert offences(MACHINE_PATH, apart_from=ROOT / "tests" / "house" / "test_texts.py") == {}


def test_no_file_names_a_package_registry() -> None:
    assert offences(REGISTRY_HOST, apart_from=ROOT / "tests" / "house" / "test_texts.py") == {}


def test_every_suppressed_warning_says_which_and_why() -> None:
    unexplained = [
        f"{path.relative_to(ROOT)}: {comment}"
        for path in python_files()
        for comment in comments(text_of(path))
        if SUPPRESSION.search(comment) and not EXPLAINED.search(comment)
    ]
    assert unexplained == []


def test_every_todo_names_an_issue() -> None:
    unnamed = [
        f"{path.relative_to(ROOT)}: {comment}"
        for path in python_files()
        for comment in comments(text_of(path))
        if re.search(r"\b(?:TODO|FIXME|XXX)\b", comment) and not re.search(r"#\d+", comment)
    ]
    assert unnamed == []
