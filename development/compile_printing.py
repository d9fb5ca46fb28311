"""Compiles ``engine/printing.c``: run by make, with any Python, for the Python of ``.venv``.

Run by itself it compiles for the Python that it is given, or that runs it, as the image does. It uses the standard
library alone. Nothing happens while the sources and the Python stay as they are. Without a compiler or the headers of
Python everything works as well, only slower, since answers are then printed by way of Python's objects.
"""

from __future__ import annotations

import fcntl
import hashlib
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

ENGINE: Final = Path(__file__).resolve().parent.parent / "engine"
SOURCE: Final = ENGINE / "printing.c"
STAMP: Final = ENGINE / ".printing-made-from"
# A name that no Python would import.
UNFINISHED: Final = ENGINE / "printing.unfinished.so"

FLAGS: Final = ("-std=c11", "-O2", "-g0", "-Wall", "-Wextra")
_ASKED: Final = ("CC", "CFLAGS", "CCSHARED", "LDSHARED", "INCLUDEPY", "EXT_SUFFIX")


def compile_printing(python: Path) -> int:
    """Compile it for a Python, unless that was done.

    Returns:
        What make is to exit with: 0 also where there is nothing to compile with, 1 where the compiler refuses.
    """
    with SOURCE.open("rb") as source:
        # Two makes at once: the second waits here, then finds the work done.
        fcntl.flock(source, fcntl.LOCK_EX)
        fingerprint = _fingerprint(python)
        if STAMP.exists():
            made_from, _, name = STAMP.read_text(encoding="utf-8").partition(" ")
            if made_from == fingerprint and (ENGINE / name).exists():
                return 0
        return _make(python, fingerprint)


def _make(python: Path, fingerprint: str) -> int:
    # What lies here was made of other sources, or for another Python.
    for made in (STAMP, *ENGINE.glob("printing*.so")):
        made.unlink(missing_ok=True)
    tools = tools_for(python)
    if tools is None:
        sys.stderr.write(
            "There is no C compiler here, or no Python.h: answers will be printed by the slower way, in Python.\n"
        )
        return 0
    command, suffix = tools
    ran = subprocess.run([*command, *FLAGS, str(SOURCE), "-o", str(UNFINISHED)], check=False)  # noqa: S603 - Python's own compiler
    if ran.returncode != 0:
        sys.stderr.write("make: engine/printing.c could not be compiled; the compiler's own words are above.\n")
        return 1
    name = f"printing{suffix}"
    UNFINISHED.replace(ENGINE / name)
    STAMP.write_text(f"{fingerprint} {name}", encoding="utf-8")
    return 0


def tools_for(python: Path) -> tuple[list[str], str] | None:
    """What compiles a module for a Python, by name.

    Returns:
        The words that the command begins with, and what the module's file ends with; ``None`` where nothing can.
    """
    script = f"import sysconfig\nfor name in {_ASKED!r}: print(sysconfig.get_config_var(name) or '')"
    asked = subprocess.run([str(python), "-c", script], check=True, capture_output=True, text=True)  # noqa: S603 - our own Python
    compiler, flags, shared_flags, linker, headers, suffix = asked.stdout.splitlines()
    words = shlex.split(compiler)
    if not words or shutil.which(words[0]) is None or not (Path(headers) / "Python.h").exists():
        return None
    # Python's headers are no matter of ours, so their warnings are none.
    linking = shlex.split(linker)[1:]
    return [*words, *linking, *shlex.split(flags), *shlex.split(shared_flags), "-isystem", headers], suffix


def _fingerprint(python: Path) -> str:
    """Of everything that the compiled module depends on, without asking the Python: that takes longer than the rest."""
    made_from = hashlib.sha256("\0".join([str(python.resolve()), *FLAGS]).encode())
    for path in (*sorted(ENGINE.glob("printing*.[ch]")), Path(__file__), python.parent.parent / "pyvenv.cfg"):
        if path.exists():
            made_from.update(path.read_bytes())
    return made_from.hexdigest()


if __name__ == "__main__":
    sys.exit(compile_printing(Path(sys.argv[1] if len(sys.argv) > 1 else sys.executable)))
