from __future__ import annotations

import asyncio
import gc
import logging
import warnings
from typing import TYPE_CHECKING, Any

import orjson
import structlog

from tests.server.logs import logs

if TYPE_CHECKING:
    import pytest

SECRET = "hunter2"


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in capsys.readouterr().out.splitlines()]


def fail() -> None:
    raise ValueError(SECRET)


def test_a_line_is_one_json_object_with_time_and_level(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        structlog.get_logger().info("hello", answer=42)
    (line,) = lines(capsys)
    assert line["event"] == "hello"
    assert line["answer"] == 42
    assert line["level"] == "info"
    assert str(line["timestamp"]).endswith("Z")


def test_records_of_uvicorn_and_libraries_go_the_same_way(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        logging.getLogger("uvicorn.error").info("Started server process [%d]", 7)
        logging.getLogger("some.library").warning("odd: %s", "thing")
    first, second = lines(capsys)
    assert (first["event"], first["logger"]) == ("Started server process [7]", "uvicorn.error")
    assert (second["event"], second["logger"], second["level"]) == ("odd: thing", "some.library", "warning")


def test_what_libraries_say_below_warning_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        logging.getLogger("tortoise.db_client").debug("SELECT 1: %s", SECRET)
        logging.getLogger("some.library").info("connected to %s", SECRET)
    assert lines(capsys) == []


def test_an_exception_is_logged_without_its_text(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        for logger in (structlog.get_logger(), logging.getLogger("some.library")):
            try:
                fail()
            except ValueError:
                logger.exception("it failed")
    for line in lines(capsys):
        (failure,) = line["failure"]
        assert failure["type"] == "builtins.ValueError"
        assert [frame.split(" ")[1] for frame in failure["frames"]] == [
            "test_an_exception_is_logged_without_its_text",
            "fail",
        ]
        assert SECRET not in str(line)


async def test_asyncio_does_not_print_what_a_lost_task_died_of(capsys: pytest.CaptureFixture[str]) -> None:
    async def die() -> None:
        fail()

    with logs():
        task = asyncio.create_task(die())
        await asyncio.wait([task])
        del task
        gc.collect()
    (line,) = lines(capsys)
    assert line["event"] == "Task exception was never retrieved"
    assert "die" in str(line["failure"])
    assert SECRET not in str(line)


def test_the_console_form_is_readable_and_as_discreet(capsys: pytest.CaptureFixture[str]) -> None:
    with logs("console"):
        try:
            fail()
        except ValueError:
            structlog.get_logger().exception("it failed", path="/a\nb")
    first, *frames = capsys.readouterr().out.splitlines()
    assert "it failed" in first
    assert r"/a\nb" in first
    assert frames[0] == "  builtins.ValueError"
    assert frames[-1].endswith(" fail")
    assert SECRET not in str((first, frames))


def test_values_that_json_does_not_know_do_not_lose_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        structlog.get_logger().info("odd", value=complex(1, 2))
    assert lines(capsys)[0]["value"] == "(1+2j)"


def test_a_record_that_cannot_be_formatted_does_not_break_its_author(capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        logging.getLogger("some.library").warning("%d", SECRET)
    printed = capsys.readouterr()
    assert "cannot be formatted" in printed.out
    assert SECRET not in printed.out + printed.err


def test_warnings_are_logged(capsys: pytest.CaptureFixture[str]) -> None:
    with logs(), warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(capture=True)
        warnings.warn("old", DeprecationWarning, stacklevel=1)
        logging.captureWarnings(capture=False)
    assert "DeprecationWarning: old" in str(lines(capsys)[0]["event"])
