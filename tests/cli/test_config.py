from __future__ import annotations

import json

import pytest

from cli.__main__ import main
from cli.environment import REPOSITORY, development_settings, settings_in_force
from settings import DEVELOPMENT_KEY

KEY = "bm90LXRoZS1kZXZlbG9wbWVudC1rZXktMzItYnl0ZXM="


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDGATE_ENVIRONMENT", "production")
    monkeypatch.setenv("FIELDGATE_PUBLIC_URL", "https://fieldgate.example")
    monkeypatch.setenv("FIELDGATE_KEY_ENCRYPTION_KEY", KEY)
    monkeypatch.setenv("FIELDGATE_DATABASE_URL", "postgresql://gate:s%40cret@db.example:6432/gate?password=hidden")
    monkeypatch.setenv("FIELDGATE_REDIS_URL", "redis://:s3cret@cache.example/0")


@pytest.fixture
def nothing_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ENVIRONMENT", "DATABASE_URL", "DATABASE_URL_FILE", "KEY_ENCRYPTION_KEY", "PUBLIC_URL"):
        monkeypatch.delenv(f"FIELDGATE_{name}", raising=False)


@pytest.mark.usefixtures("production")
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_no_secret_is_shown(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "show", *options]) == 0
    shown = capsys.readouterr().out
    assert "db.example" in shown
    for secret in ("s%40cret", "s@cret", "hidden", "s3cret", KEY):
        assert secret not in shown


@pytest.mark.usefixtures("production")
def test_programs_read_the_settings_and_which_of_them_were_set(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # Whoever runs the tests may have chosen a port for a server of their own.
    monkeypatch.delenv("FIELDGATE_LISTEN", raising=False)
    assert main(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["public_url"] == "https://fieldgate.example"
    assert {"public_url", "key_encryption_key"} <= set(shown["set"])
    assert "listen" not in shown["set"]


@pytest.mark.usefixtures("production")
def test_a_setting_that_makes_no_sense_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FIELDGATE_WORKERS", "s3cret")
    assert main(["config", "show"]) == 1
    said = capsys.readouterr().err
    assert "FIELDGATE_WORKERS" in said
    assert "s3cret" not in said


@pytest.mark.usefixtures("nothing_named")
def test_who_names_nothing_works_on_this_machines_demo() -> None:
    settings = settings_in_force()
    assert settings.environment == "development"
    assert settings.data_dir == REPOSITORY / ".data"
    assert settings.key_encryption_key is not None
    assert settings.key_encryption_key.get_secret_value() == DEVELOPMENT_KEY


@pytest.mark.usefixtures("nothing_named")
def test_who_names_a_database_but_no_environment_is_held_to_what_production_asks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FIELDGATE_DATABASE_URL", "postgresql://db.example/gate")
    with pytest.raises(ValueError, match="KEY_ENCRYPTION_KEY"):
        settings_in_force()


@pytest.mark.usefixtures("nothing_named")
def test_on_a_developers_machine_the_public_url_follows_the_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FIELDGATE_LISTEN", "127.0.0.1:9000")
    assert development_settings().public_url == "http://127.0.0.1:9000"
