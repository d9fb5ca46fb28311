from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from cyclopts import App

import cli
from cli import COMMANDS
from cli.__main__ import main
from cli.failure import CommandFailedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def failing() -> Iterator[None]:
    """Takes the command ``fail`` away again."""
    yield
    del cli.app["fail"]


def add_failing_command(failure: BaseException) -> None:
    command = App(name="fail")

    @command.default
    def fail() -> None:
        raise failure

    cli.app.command(command)


@pytest.mark.parametrize("arguments", [["no-such-command"], ["config", "show", "--no-such-option"], ["config", "shw"]])
def test_what_is_not_understood_exits_with_2_and_one_line(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("fieldgate: ")
    assert printed.err.count("\n") == 1


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("failure", "code", "said"),
    [
        (CommandFailedError("the tenant\nacme is suspended"), 1, "fieldgate: the tenant acme is suspended\n"),
        (UsageError("a slug has no spaces"), 2, "fieldgate: a slug has no spaces (fieldgate --help shows how)\n"),
        (KeyError("acme"), 1, "fieldgate: KeyError: 'acme'\n"),
    ],
)
def test_a_failure_is_one_line(failure: Exception, code: int, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    add_failing_command(failure)
    assert main(["fail"]) == code
    assert capsys.readouterr().err == said


@pytest.mark.usefixtures("failing")
def test_a_failure_is_a_traceback_for_who_wants_to_debug(monkeypatch: pytest.MonkeyPatch) -> None:
    add_failing_command(CommandFailedError("why"))
    monkeypatch.setenv("FIELDGATE_DEBUG", "1")
    with pytest.raises(CommandFailedError):
        main(["fail"])


@pytest.mark.usefixtures("failing")
def test_ctrl_c_exits_as_shells_expect() -> None:
    add_failing_command(KeyboardInterrupt())
    assert main(["fail"]) == 130


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    help_text = capsys.readouterr().out
    assert [name for name in COMMANDS if f" {name} " not in help_text] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    assert f"fieldgate {name}" in capsys.readouterr().out.partition("Example: ")[2]


def test_a_command_loads_nothing_of_the_others() -> None:
    code = "import sys, cli.__main__ as m; m.main(['config', 'show', '--json']); sys.exit('strawberry' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0  # noqa: S603 - our own Python


def test_colour_is_left_out_where_it_is_not_wanted() -> None:
    command = [sys.executable, "-m", "cli", "config", "show"]
    environment = {"FORCE_COLOR": "1", "NO_COLOR": "1", "FIELDGATE_ENVIRONMENT": "development"}
    shown = subprocess.run(command, check=True, capture_output=True, env=environment)  # noqa: S603 - our own Python
    assert b"\x1b[3" not in shown.stdout
