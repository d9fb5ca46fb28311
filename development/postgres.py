"""A PostgreSQL that needs no installation: started for as long as somebody uses it, reachable by a Unix socket only."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from development.postgres_account import PostgresAccount
from development.postgres_binaries import (
    PostgresUnavailableError,
    find_binaries,
    major_version,
    reachable_binaries,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from settings import Settings

PORT = 5432
# sockaddr_un holds 104 bytes on macOS and 108 on Linux, of which "/.s.PGSQL.5432" and the final zero take 15.
SOCKET_DIRECTORY_BYTES = 88
START_SECONDS = 60
FIRST_VERSION_WITH_BUILTIN_LOCALE = 17
# What a server says while processes of one that was killed are still leaving.
ORPHANS_REMAIN = "is still in use"
ROOT_DATA = Path("/var/lib/fieldgate")

SERVER_SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "port": str(PORT),
    "max_connections": "200",
    "max_locks_per_transaction": "256",  # one migration step may touch the tables of many tenants
    "jit": "off",
    "synchronous_commit": "off",  # a crash may lose the last moments of a demo, but never its consistency
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # the text of a failed statement holds values, which do not belong in a log
}


@contextmanager
def running_postgres(settings: Settings) -> Iterator[str]:
    """The URL of a PostgreSQL: the configured one, else an embedded one that runs while anybody is in this block.

    Raises:
        PostgresUnavailableError: there is none, and none can be started.
    """
    if settings.database_url is not None:
        yield settings.database_url.get_secret_value()
        return
    server = EmbeddedPostgres(settings.data_dir, settings.postgres_bin_dir)
    url = server.start()
    try:
        yield url
    finally:
        server.stop()


class EmbeddedPostgres:
    """One server per data directory, shared by every process that starts it, stopped by the last one to leave.

    Two kernel locks, which a killed process cannot keep, replace every guess about who is alive: ``starting`` is held
    while a server is being started or stopped, ``users`` is shared by all who use it.
    """

    def __init__(self, data_dir: Path, configured_binaries: Path | None = None) -> None:
        """Find the programs, the account and the folder; nothing is started yet.

        Raises:
            PostgresUnavailableError: no programs, or root found no account to run them as.
        """
        found = find_binaries(configured_binaries)
        base, self._account = _place(data_dir.absolute())
        self._binaries = reachable_binaries(found, self._account, base / "postgres-programs")
        # A new major version gets a folder of its own: it could not read the old one's files.
        self._home = base / "postgres" / str(major_version(self._binaries, self._account))
        self._data = self._home / "data"
        self._log = self._home / "log"
        self._socket_directory = self._choose_socket_directory()
        self._users: int | None = None

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={quote(str(self._socket_directory))}&port={PORT}"

    def start(self) -> str:
        """Start the server unless it runs, count ourselves among its users, and give its URL.

        Raises:
            PostgresUnavailableError: it does not start; the message ends with its last words.
        """
        try:
            self._account.make_directory(self._home.parent)
            self._account.make_directory(self._home)
            with self._exclusively():
                self._account.make_directory(self._socket_directory)
                self._initialise()
                if not self._accepts_connections():
                    self._launch()
                self._users = self._open_lock("users")
                fcntl.flock(self._users, fcntl.LOCK_SH)
        except PermissionError as refusal:
            message = f"The embedded PostgreSQL in {self._home} is out of reach: {refusal}. Set FIELDGATE_DATA_DIR"
            raise PostgresUnavailableError(message) from refusal
        return self.url

    def stop(self) -> None:
        """Leave; stop the server if nobody else uses it. Leaving twice does nothing.

        Raises:
            PostgresUnavailableError: the server did not stop.
        """
        if self._users is None:
            return
        with self._exclusively():
            others = not _lock_without_waiting(self._users)
            os.close(self._users)
            self._users = None
            if others:
                return
            outcome = self._control("stop", "-m", "fast")
            if outcome is not None and self._accepts_connections():
                message = f"The embedded PostgreSQL in {self._home} does not stop: {outcome}"
                raise PostgresUnavailableError(message)
            with suppress(OSError):
                self._socket_directory.rmdir()

    def _choose_socket_directory(self) -> Path:
        inside = self._home / "socket"
        if len(os.fsencode(inside)) <= SOCKET_DIRECTORY_BYTES and re.fullmatch(r"[\w./-]+", str(inside), re.ASCII):
            return inside
        # Too long for a socket, or with characters that PostgreSQL's own list of directories splits at. Every process
        # must arrive at the same place whatever its TMPDIR.
        name = hashlib.sha256(os.fsencode(self._home)).hexdigest()[:16]
        return Path("/tmp") / f"fieldgate-{name}"  # noqa: S108 - entered only after its owner was checked

    def _initialise(self) -> None:
        if (self._data / "PG_VERSION").exists():
            return
        unfinished = self._home / "data.unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        builtin = int(self._home.name) >= FIRST_VERSION_WITH_BUILTIN_LOCALE
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"] if builtin else ["--locale=C"]
        outcome = self._account.run(
            [
                self._binaries / "initdb",
                *("--pgdata", unfinished, "--username", "postgres", "--encoding", "UTF8"),
                # Whoever may enter the socket's directory may sign in: that is this account alone, and root.
                *("--auth", "trust", "--no-sync"),
                *locale,
            ]
        )
        if outcome.code != 0:
            message = f"The embedded PostgreSQL could not be set up in {self._home}: {outcome.output[-2000:]}"
            raise PostgresUnavailableError(message)
        unfinished.rename(self._data)  # atomic: a first start that was killed leaves nothing that looks finished

    def _launch(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self._postmaster_is_alive():
            # Starting, recovering or stopping on behalf of a process that has been killed.
            if self._accepts_connections():
                return
            if time.monotonic() > deadline:
                message = f"A PostgreSQL that does not answer holds {self._data}. End it, then start again"
                raise PostgresUnavailableError(message)
            time.sleep(0.1)
        for left_over in (self._data / "postmaster.pid", self._socket_directory / f".s.PGSQL.{PORT}.lock"):
            _disown(left_over)
        options = {**SERVER_SETTINGS, "unix_socket_directories": str(self._socket_directory)}
        arguments = " ".join(f"-c {name}='{value}'" for name, value in options.items())
        while (problem := self._control("start", "-l", str(self._log), "-o", arguments)) is not None:
            last_words = _end_of(self._log)
            if ORPHANS_REMAIN not in last_words or time.monotonic() > deadline:
                message = f"The embedded PostgreSQL in {self._home} does not start: {problem} {last_words}"
                raise PostgresUnavailableError(message)
            time.sleep(0.1)

    def _control(self, action: str, *arguments: str) -> str | None:
        """Run ``pg_ctl``; None when it succeeded, else what it said."""
        wait = ("-w", "-t", str(START_SECONDS))
        outcome = self._account.run([self._binaries / "pg_ctl", action, "-D", self._data, *wait, *arguments])
        return None if outcome.code == 0 else outcome.output

    def _accepts_connections(self) -> bool:
        question = ("-q", "-p", str(PORT), "-U", "postgres", "-d", "postgres", "-t", "5")
        asked: list[str | Path] = [self._binaries / "pg_isready", "-h", self._socket_directory, *question]
        return self._account.run(asked).code == 0

    def _postmaster_is_alive(self) -> bool:
        """Whether the recorded process is a server on our data, and not another program that was given its number."""
        try:
            recorded = int((self._data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            os.kill(recorded, 0)
        except (FileNotFoundError, ValueError, IndexError, ProcessLookupError):
            return False
        except PermissionError:
            return False  # a process of another account, so not ours
        if Path("/proc/self").is_dir():
            try:
                return Path(f"/proc/{recorded}/cwd").readlink() == self._data.resolve()
            except OSError:  # gone, a zombie, or a process of another account
                return False
        command = self._account.run(["/bin/ps", "-p", str(recorded), "-o", "command="])
        return str(self._data) in command.output

    @contextmanager
    def _exclusively(self) -> Iterator[None]:
        descriptor = self._open_lock("starting")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _open_lock(self, name: str) -> int:
        path = self._home / f"{name}.lock"
        # The folder is the account's, and root may be opening: no link is followed out of it.
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self._account.take(descriptor)
        return descriptor


def _place(data_dir: Path) -> tuple[Path, PostgresAccount]:
    """The folder under which the server lives, and the account that owns it there.

    A plain user has the data directory. Root's server runs under an account that may be unable to enter it (a checkout
    in a private home); then the data lives below ``/var/lib``, by a name made from the data directory's path.
    """
    elsewhere = ROOT_DATA / hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]
    for place in (data_dir, elsewhere):
        _make_folder(place)
        account = PostgresAccount.for_directory(place / "postgres")
        if account is None:
            message = "PostgreSQL refuses root, and no account postgres or nobody exists. Set FIELDGATE_DATABASE_URL"
            raise PostgresUnavailableError(message)
        if account.can_enter(place):
            return place, account
    message = f"{account} may not enter {data_dir} nor {elsewhere}. Set FIELDGATE_DATA_DIR or FIELDGATE_DATABASE_URL"
    raise PostgresUnavailableError(message)


def _make_folder(folder: Path) -> None:
    """Make a folder and its parents so that others may pass through, whatever the umask; leave existing ones alone."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    for each in reversed(missing):
        try:
            each.mkdir()
            each.chmod(0o755)
        except FileExistsError:
            continue  # another first start was faster
        except PermissionError as refusal:
            message = f"{folder} cannot be made: {refusal}. Set FIELDGATE_DATA_DIR"
            raise PostgresUnavailableError(message) from refusal


def _lock_without_waiting(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _disown(lock_file: Path) -> None:
    """Make a dead server's lock file name us instead of the process that was given its number since.

    PostgreSQL takes a lock file that names its own parents for a left-over, and then still makes its second check:
    that no orphaned backend is attached to the shared memory which the file goes on to name. Deleting the file would
    lose that check, and with it, one day, the data.
    """
    try:
        descriptor = os.open(lock_file, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    with os.fdopen(descriptor, "r+", encoding="utf-8") as file:
        rest = file.read().splitlines(keepends=True)[1:]
        file.seek(0)
        file.writelines([f"{os.getpid()}\n", *rest])
        file.truncate()


def _end_of(log: Path) -> str:
    try:
        return log.read_text(encoding="utf-8", errors="replace")[-1000:].strip()
    except OSError:
        return ""
