"""Makes ``.venv`` from the locked requirements: run by make, with any Python, before anything is installed.

It uses the standard library alone, and its syntax stays readable to older Pythons, so that those get a sentence
instead of a syntax error. Nothing happens while ``requirements/development.txt`` stays as it is. What is written in C
is compiled then (``development/compile_printing.py``).
"""

from __future__ import annotations

import fcntl
import hashlib
import runpy
import subprocess
import sys
import venv
from pathlib import Path

OLDEST_PYTHON = (3, 11)
REPOSITORY = Path(__file__).resolve().parent.parent
REQUIREMENTS = REPOSITORY / "requirements" / "development.txt"
ENVIRONMENT = REPOSITORY / ".venv"
STAMP = ENVIRONMENT / ".made-from"

LAUNCHER = """#!/bin/sh
# The console script of this checkout. -P: a file cli.py in the folder where it is called must not be run instead.
here=$(CDPATH= cd -- "$(dirname -- "$0")" && pwd -P) || exit 1
exec "$here/python" -P -m cli "$@"
"""


def main() -> int:
    if sys.version_info < OLDEST_PYTHON:
        return _refuse(
            f"Fieldgate needs Python 3.11 or newer; {sys.executable} is {sys.version.split()[0]}. "
            "Name another: make PYTHON=python3.12"
        )
    with REQUIREMENTS.open("rb") as requirements:
        # Two makes at once: the second waits here, then finds the work done.
        fcntl.flock(requirements, fcntl.LOCK_EX)
        fingerprint = _fingerprint(requirements.read())
        if not STAMP.exists() or STAMP.read_text(encoding="utf-8") != fingerprint:
            code = _make(fingerprint)
            if code != 0:
                return code
    return _compile()


def _make(fingerprint: str) -> int:
    sys.stderr.write("Installing what requirements/development.txt locks into .venv; this is done once.\n")
    try:
        venv.EnvBuilder(clear=True, with_pip=True, symlinks=True).create(ENVIRONMENT)
    except subprocess.CalledProcessError:
        return _refuse(
            "Python's venv module cannot make an environment here. On Debian and Ubuntu it is a package of its own: "
            "apt install python3-venv"
        )
    python = ENVIRONMENT / "bin" / "python"
    install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    if subprocess.run([str(python), *install, "-r", str(REQUIREMENTS)], check=False).returncode != 0:  # noqa: S603 - our own pip
        return _refuse("pip could not install the locked requirements; its own words are above.")
    _link(python)
    STAMP.write_text(fingerprint, encoding="utf-8")
    return 0


def _compile() -> int:
    """Compile what is written in C. The module is run as a file: where make runs this, no package of ours is found."""
    compiling = runpy.run_path(str(REPOSITORY / "development" / "compile_printing.py"))
    code: int = compiling["compile_printing"](ENVIRONMENT / "bin" / "python")
    return code


def _link(python: Path) -> None:
    """Let the environment find this checkout, by a relative path so that the folder can be moved or renamed."""
    asked = [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"]
    packages = Path(subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip())  # noqa: S603 - our own Python
    upwards = "/".join([".."] * len(packages.relative_to(REPOSITORY).parts))
    (packages / "fieldgate.pth").write_text(upwards + "\n", encoding="utf-8")
    launcher = ENVIRONMENT / "bin" / "fieldgate"
    launcher.write_text(LAUNCHER, encoding="utf-8")
    launcher.chmod(0o755)


def _fingerprint(requirements: bytes) -> str:
    made_by = f"{sys.base_prefix} {sys.version_info[:2]} {ENVIRONMENT}"
    return hashlib.sha256(requirements + LAUNCHER.encode() + made_by.encode()).hexdigest()


def _refuse(message: str) -> int:
    sys.stderr.write(f"make: {message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
