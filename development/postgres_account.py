"""The account that PostgreSQL runs under: PostgreSQL refuses to run as root, so root hands it to somebody else."""

from __future__ import annotations

import os
import pwd
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ROOT = 0
COMMAND_SECONDS = 120


class _Identity(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a command ended, and everything that it printed."""

    code: int
    output: str


@dataclass(frozen=True, slots=True)
class PostgresAccount:
    """Whom commands run as: ``user_id`` is None for a plain user, who runs them as they are."""

    user_id: int | None = None
    group_id: int | None = None

    @classmethod
    def for_directory(cls, directory: Path) -> PostgresAccount | None:
        """The account for a data directory; None when root finds no unprivileged one.

        Root keeps to the owner of a directory that is there already, so a checkout that a plain user started once
        stays theirs.
        """
        if os.geteuid() != ROOT:
            return cls()
        if directory.exists() and (owner := directory.stat()).st_uid != ROOT:
            return cls(owner.st_uid, owner.st_gid)
        for name in ("postgres", "nobody"):
            try:
                entry = pwd.getpwnam(name)
            except KeyError:
                continue
            return cls(entry.pw_uid, entry.pw_gid)
        return None

    def run(self, command: Sequence[str | Path]) -> Outcome:
        """Run a command away from our terminal, with none of our PostgreSQL environment variables."""
        identity: _Identity = {}
        if self.user_id is not None and self.group_id is not None:
            identity = {"user": self.user_id, "group": self.group_id, "extra_groups": []}
        # A file and not a pipe: a server started by this command would hold the pipe open for its whole life.
        # A session of its own: Ctrl-C must reach the server only through an orderly stop.
        with tempfile.TemporaryFile() as output:
            finished = subprocess.run(  # noqa: S603 - fixed commands; no part of them comes from outside the machine
                [str(part) for part in command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd="/",
                env=_environment(os.environ),
                timeout=COMMAND_SECONDS,
                start_new_session=True,
                check=False,
                **identity,
            )
            output.seek(0)
            return Outcome(finished.returncode, output.read().decode(errors="replace").strip())

    def can_enter(self, directory: Path) -> bool:
        return self.user_id is None or self.run(["/bin/sh", "-c", 'cd -- "$1"', "sh", directory]).code == 0

    def can_execute(self, program: Path) -> bool:
        try:
            return self.run([program, "--version"]).code == 0
        except OSError:
            return False

    def take(self, descriptor: int) -> None:
        """Give an open file or directory to this account."""
        if self.user_id is not None and self.group_id is not None:
            os.fchown(descriptor, self.user_id, self.group_id)

    def make_directory(self, directory: Path) -> None:
        """Make a directory that only this account may enter.

        Raises:
            PermissionError: it is there already and belongs to somebody else, who could replace what is in it.
        """
        directory.mkdir(mode=0o700, exist_ok=True)
        descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            owner = os.fstat(descriptor).st_uid
            wanted = os.geteuid() if self.user_id is None else self.user_id
            if owner == os.geteuid():
                self.take(descriptor)
            elif owner != wanted:
                message = f"{directory} belongs to another user (id {owner})"
                raise PermissionError(message)
        finally:
            os.close(descriptor)


def _environment(environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in environment.items() if not name.startswith("PG")}
    return kept | {"LC_ALL": "C", "HOME": "/"}
