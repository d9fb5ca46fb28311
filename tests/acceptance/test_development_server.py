"""``fieldgate dev`` as somebody meets it on their own machine: started, used, stopped with Ctrl-C, started again."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from development.postgres import EmbeddedPostgres
from tests.house.tracked_files import ROOT
from tests.server.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT: Final = "{ companies(first: 100) { nodes { name } } }"


@pytest.fixture(scope="module")
def environment() -> Iterator[dict[str, str]]:
    """Nothing but a folder for the data and a port, as if this were a new machine."""
    folder = Path(tempfile.mkdtemp(prefix="field gate ", dir="/tmp"))
    folder.chmod(0o755)
    address = f"127.0.0.1:{free_port()}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FIELDGATE_")}
    yield kept | {"FIELDGATE_DATA_DIR": str(folder / "data"), "FIELDGATE_LISTEN": address}
    shutil.rmtree(folder)


@contextmanager
def started(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The development server, from its banner on."""
    server = subprocess.Popen(
        [sys.executable, "-m", "cli", "dev"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stderr is not None
        said = ""
        while "Ctrl-C stops everything" not in said:
            line = server.stderr.readline()
            assert line, said
            said += line
        for email in ("owner@acme.example", "analyst@globex.example"):
            assert email in said
        yield server
    finally:
        server.kill()
        server.communicate()


def run(environment: dict[str, str], *arguments: str) -> str:
    command = [sys.executable, "-m", "cli", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own Python


def companies(environment: dict[str, str]) -> list[str]:
    """The names that the owner of acme is told by the running server."""
    token = run(environment, "token", "--tenant", "acme", "--as", "owner@acme.example").strip()
    answer = httpx2.post(
        f"http://{environment['FIELDGATE_LISTEN']}/graphql",
        json={"query": DOCUMENT},
        headers={"Authorization": f"Bearer {token}"},
    )
    return [node["name"] for node in answer.raise_for_status().json()["data"]["companies"]["nodes"]]


def stop(server: subprocess.Popen[str]) -> int:
    server.send_signal(signal.SIGINT)
    return server.wait()


def database_runs(environment: dict[str, str]) -> bool:
    url = EmbeddedPostgres(Path(environment["FIELDGATE_DATA_DIR"])).url
    return (Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432").exists()


def test_it_starts_answers_stops_with_its_database_and_keeps_the_data(environment: dict[str, str]) -> None:
    with started(environment) as server:
        first = companies(environment)
        assert first
        assert database_runs(environment)
        assert stop(server) == 0
    assert not database_runs(environment)
    run(environment, "tenant", "create", "initech")
    with started(environment) as server:
        assert companies(environment) == first
        assert '"initech"' in run(environment, "tenant", "list", "--json")
        assert stop(server) == 0


def test_a_taken_port_is_said_before_anything_is_started(environment: dict[str, str]) -> None:
    host, _, port = environment["FIELDGATE_LISTEN"].partition(":")
    with socket.create_server((host, int(port))):
        ran = subprocess.run(
            [sys.executable, "-m", "cli", "dev"], cwd=ROOT, env=environment, check=False, capture_output=True, text=True
        )
    assert ran.returncode == 1
    assert ran.stderr.startswith("fieldgate: ")
    assert f"{host}:{port} is taken" in ran.stderr
    assert ran.stderr.count("\n") == 1


def test_it_does_not_start_where_production_is_meant(environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "cli", "dev"],
        cwd=ROOT,
        env=environment | {"FIELDGATE_ENVIRONMENT": "production"},
        check=False,
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 2
    assert "production" in ran.stderr
