"""``fieldgate tenant`` and ``fieldgate migrate``, as somebody types them."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING

import pytest

from cli.__main__ import main
from tenancy.database import database_url

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settings import Settings
    from tenancy.database import Database


@pytest.fixture
def _environment(monkeypatch: pytest.MonkeyPatch, settings: Settings, database: Database) -> None:
    del database  # migrated, that is all
    monkeypatch.setenv("FIELDGATE_ENVIRONMENT", "development")
    monkeypatch.setenv("FIELDGATE_DATABASE_URL", database_url(settings))


pytestmark = pytest.mark.usefixtures("_environment")


@pytest.fixture
def slug(capsys: pytest.CaptureFixture[str]) -> Iterator[str]:
    name = f"initech-{secrets.token_hex(4)}"
    assert main(["tenant", "create", name, "--name", "Initech Inc."]) == 0
    capsys.readouterr()
    yield name
    main(["tenant", "delete", name, "--yes"])


def test_a_created_tenant_is_shown_and_listed(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tenant", "show", slug, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert (shown["slug"], shown["name"], shown["status"]) == (slug, "Initech Inc.", "ACTIVE")
    assert main(["tenant", "list", "--json"]) == 0
    assert shown in json.loads(capsys.readouterr().out)
    assert main(["tenant", "list"]) == 0
    assert slug in capsys.readouterr().out


def test_a_suspended_tenant_can_be_resumed(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command, status in (("suspend", "SUSPENDED"), ("resume", "ACTIVE")):
        assert main(["tenant", command, slug]) == 0
        assert main(["tenant", "show", slug, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["status"] == status


@pytest.mark.parametrize("command", ["show", "suspend", "resume", "migrate"])
def test_an_unknown_tenant_is_a_failure_of_one_line(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tenant", command, "nobody-here"]) == 1
    assert capsys.readouterr().err == "fieldgate: there is no tenant 'nobody-here'\n"


def test_t8_a_slug_of_another_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tenant", "create", 'a","b']) == 1
    assert capsys.readouterr().err.startswith("fieldgate: a slug ")


def test_nothing_is_deleted_without_saying_so(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["tenant", "delete", slug]) == 2
    assert "nothing was deleted" in capsys.readouterr().err
    assert main(["tenant", "show", slug]) == 0
    assert main(["tenant", "delete", slug, "--yes"]) == 0
    assert main(["tenant", "show", slug]) == 1


def test_migrating_what_is_up_to_date_does_nothing(slug: str, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["migrate"], ["tenant", "migrate", "--all"], ["tenant", "migrate", slug]):
        assert main([*arguments, "--json"]) == 0
        assert json.loads(capsys.readouterr().out) == {"shared": 0, "migrated": 0, "failures": []}


@pytest.mark.parametrize("arguments", [[], ["acme", "--all"]])
def test_migrating_wants_one_tenant_or_all(arguments: list[str]) -> None:
    assert main(["tenant", "migrate", *arguments]) == 2


def test_the_check_finds_that_models_and_migrations_agree(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["migrate", "--check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"drift": []}
