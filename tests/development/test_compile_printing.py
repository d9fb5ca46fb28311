"""What is written in C is compiled once, anew when it changed, and is not missed where there is no compiler."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from development import compile_printing as compiling
from tests.house.tracked_files import ROOT

PYTHON = Path(sys.executable)
needs_compiler = pytest.mark.skipif(compiling.tools_for(PYTHON) is None, reason="no C compiler, or no Python.h")


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is taken for the engine's, with something in it that compiles."""
    monkeypatch.setattr(compiling, "ENGINE", tmp_path)
    for name in ("SOURCE", "STAMP", "UNFINISHED"):
        monkeypatch.setattr(compiling, name, tmp_path / getattr(compiling, name).name)
    (tmp_path / "printing.c").write_text('#include "printing_word.h"\nint word(void) { return WORD; }\n')
    (tmp_path / "printing_word.h").write_text("#define WORD 1\n")
    return tmp_path


def made(engine: Path) -> list[tuple[str, int]]:
    return [(path.name, path.stat().st_mtime_ns) for path in engine.glob("printing*.so")]


@needs_compiler
def test_it_is_compiled_again_when_a_source_changed_and_not_before(engine: Path) -> None:
    assert compiling.compile_printing(PYTHON) == 0
    first = made(engine)
    assert len(first) == 1
    assert compiling.compile_printing(PYTHON) == 0
    assert made(engine) == first
    (engine / "printing_word.h").write_text("#define WORD 2\n")
    (engine / "printing.of-another-python.so").write_bytes(b"")
    assert compiling.compile_printing(PYTHON) == 0
    assert [name for name, _ in made(engine)] == [name for name, _ in first]
    assert made(engine) != first


@needs_compiler
def test_what_does_not_compile_fails_and_leaves_nothing_that_is_older(
    engine: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert compiling.compile_printing(PYTHON) == 0
    (engine / "printing_word.h").write_text("#define WORD no number\n")
    assert compiling.compile_printing(PYTHON) == 1
    assert made(engine) == []
    assert "could not be compiled" in capfd.readouterr().err


@pytest.mark.parametrize("missing", ["compiler", "headers"])
def test_without_a_compiler_or_headers_everything_goes_on_without_it(
    engine: Path, missing: str, capfd: pytest.CaptureFixture[str]
) -> None:
    (engine / "printing.of-before.so").write_bytes(b"")
    headers = engine if missing == "compiler" else engine / "missing"
    (engine / "Python.h").touch()
    compiler = "/nowhere/cc" if missing == "compiler" else "cat"
    python = engine / "python"
    lines = "\n".join([compiler, "-O3", "-fPIC", f"{compiler} -shared", str(headers), ".so"])
    python.write_text(f"#!/bin/sh\ncat <<'END'\n{lines}\nEND\n")
    python.chmod(0o755)
    assert compiling.compile_printing(python) == 0
    assert made(engine) == []
    assert capfd.readouterr().err.count("\n") == 1


@needs_compiler
@pytest.mark.parametrize("optimized", ["-O0", "-O2", "-O3"])
def test_the_compiler_has_nothing_to_say_about_ours(optimized: str, tmp_path: Path) -> None:
    tools = compiling.tools_for(PYTHON)
    assert tools is not None
    words = [*tools[0], *compiling.FLAGS, optimized, "-Werror", str(ROOT / "engine" / "printing.c")]
    ran = subprocess.run([*words, "-o", tmp_path / "printing.so"], capture_output=True, text=True, check=False)  # noqa: S603 - Python's own compiler
    assert (ran.returncode, ran.stderr) == (0, "")
