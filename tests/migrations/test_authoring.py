"""Writing a migration, on a copy of the sources, with the commands that a developer uses."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parent.parent.parent
NEEDED = ("auth", "cli", "migrations", "models", "tenancy", "cache.py", "errors.py", "settings.py")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    copy = tmp_path_factory.mktemp("sources with a space")
    for name in NEEDED:
        source = REPOSITORY / name
        if source.is_dir():
            shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, copy / name)
    return copy


def fieldgate(sources: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "cli", *arguments], cwd=sources, capture_output=True, text=True, check=False, timeout=60
    )


def change(sources: Path, file: str, old: str, new: str) -> None:
    path = sources / file
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_changed_model_fails_the_check_until_its_migration_is_written(sources: Path) -> None:
    assert fieldgate(sources, "migrate", "--check").returncode == 0
    field = "    phone = fields.CharField(max_length=32, null=True)\n"
    more = field + "    fax = fields.CharField(max_length=32, null=True)\n"
    change(sources, "models/tenant/contact.py", field, more)

    refused = fieldgate(sources, "migrate", "--check")
    assert refused.returncode == 1
    assert "tenant.Contact" in refused.stderr

    written = fieldgate(sources, "migrate", "new", "contact_fax", "--line", "tenant")
    assert written.returncode == 0, written.stderr
    file = sources / written.stdout.strip().splitlines()[-1]
    sql = file.read_text(encoding="utf-8").partition("async def downgrade")[0]
    assert 'ALTER TABLE "contact" ADD "fax" VARCHAR(32)' in sql
    assert sql.count("ALTER") == 1

    assert fieldgate(sources, "migrate", "--check").returncode == 0


def test_a_changed_on_delete_fails_the_check_though_aerich_does_not_see_it(sources: Path) -> None:
    change(
        sources,
        "models/tenant/contact.py",
        'related_name="contacts", on_delete=fields.CASCADE',
        'related_name="contacts", on_delete=fields.RESTRICT',
    )
    assert fieldgate(sources, "migrate", "--check").returncode == 1
    assert fieldgate(sources, "migrate", "new", "unseen", "--line", "tenant").returncode == 1

    by_hand = fieldgate(sources, "migrate", "new", "by_hand", "--line", "tenant", "--empty")
    assert by_hand.returncode == 0, by_hand.stderr
    assert fieldgate(sources, "migrate", "--check").returncode == 0


@pytest.mark.parametrize("name", ["with space", "../up"])
def test_a_name_that_is_no_file_name_is_misuse(sources: Path, name: str) -> None:
    assert fieldgate(sources, "migrate", "new", name, "--line", "shared").returncode == 2
