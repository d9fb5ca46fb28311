"""What ten thousand refusals leave behind: nothing in memory, and no secret in the log."""

from __future__ import annotations

import base64
import contextlib
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from tests.server.logs import logs

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

# Generous: what a process keeps of each of ten thousand requests would be far more.
KILOBYTES_GROWN: Final = 64 * 1024

_SHORTEST: Final = 6
# Characters of the log that a failure shows.
_SHOWN: Final = 2_000


def kilobytes(pid: int) -> int:
    """The memory of a process where the system tells it; elsewhere nothing, and nothing is compared."""
    status = Path(f"/proc/{pid}/status")
    lines = status.read_text(encoding="ascii").splitlines() if status.exists() else []
    return next((int(line.split()[1]) for line in lines if line.startswith("VmRSS:")), 0)


class Watch:
    """A look at this process while it is attacked.

    Attributes:
        secrets: what must not be found in the log. More may be added on the way.
        log: all that was logged so far.
    """

    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self.secrets: set[str] = set()
        self.log = ""
        self._capsys = capsys
        self._before: int | None = None

    def warmed_up(self) -> None:
        """From now on nothing more may be kept."""
        self.read()
        gc.collect()
        self._before = kilobytes(os.getpid())

    def read(self) -> None:
        """Take what was logged since the last time."""
        captured = self._capsys.readouterr()
        self.log += captured.out + captured.err

    def grown(self) -> int:
        """By how many kilobytes this process has since it was warm."""
        assert self._before is not None
        gc.collect()
        return kilobytes(os.getpid()) - self._before

    def told(self) -> list[str]:
        """The secrets that are in the log: as they are, in base64, or as addresses have them."""
        assert all(len(secret) >= _SHORTEST for secret in self.secrets), "too short to mean anything"
        return [secret for secret in self.secrets if any(form in self.log for form in _forms(secret))]


@contextlib.contextmanager
def watched(capsys: pytest.CaptureFixture[str]) -> Iterator[Watch]:
    """Switch our logging on, and look at what is left behind when the block is over."""
    watch = Watch(capsys)
    try:
        with logs():
            yield watch
    except BaseException:
        watch.read()
        sys.stdout.write(watch.log[-_SHOWN:])
        raise
    watch.read()
    assert watch.log.count('"event":"request"') > 0, "nothing was logged, so nothing could be found"
    assert watch.secrets, "nothing was looked for"
    assert not watch.told(), f"in the log: {watch.told()}"
    assert watch.grown() < KILOBYTES_GROWN, f"{watch.grown()} kB are kept"


def _forms(secret: str) -> set[str]:
    raw = secret.encode()
    # In base64 the first and last letters depend on what is beside it; what lies between does not.
    shifted = {base64.b64encode(b"\0" * shift + raw).decode()[4 * bool(shift) : -4] for shift in range(3)}
    return {secret, quote(secret, safe=""), *(form for form in shifted if len(form) >= _SHORTEST)}
