"""Structured logs: one JSON object a line (or readable text on a developer's terminal), on standard output.

Every record goes through the same processors, also those of uvicorn, asyncio and every library, so that the rule "no
values" is kept in one place: an exception is logged as types and frames (``server/failure.py``), never as its text.
"""

from __future__ import annotations

import logging
import os
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

import orjson
import structlog

from server.current_request import current_request_id
from server.failure import describe

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor, WrappedLogger

# Below this level a library's records may hold statements, their parameters and addresses.
_LIBRARY_LEVEL: Final = logging.WARNING

_CHATTY_AT_INFO: Final = ("uvicorn", "uvicorn.error")


def configure_logging(log_format: Literal["json", "console"]) -> None:
    """Send everything that this process logs through one pipeline. Calling it again replaces the first call."""
    _request_lines.are_json = log_format == "json"
    structlog.configure(
        processors=[
            _name_request,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception_without_values,
            *(_json_renderer() if log_format == "json" else _console_renderer()),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=_StandardOutput,
        cache_logger_on_first_use=True,
    )
    root = logging.getLogger()
    root.handlers = [_ForeignRecords()]
    root.setLevel(_LIBRARY_LEVEL)
    logging.captureWarnings(capture=True)
    for name in _CHATTY_AT_INFO:
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(logging.INFO)


def log_request(line: dict[str, object]) -> None:
    """Log what a request came to.

    Every request has one such line, of identifiers and numbers alone, so it is worth a shorter way: it comes to what
    the pipeline would make of it, without the pipeline.
    """
    if not _request_lines.are_json:
        named = {name: str(value) if isinstance(value, UUID) else value for name, value in line.items()}
        structlog.get_logger().info("request", **named)
        return
    line["event"] = "request"
    line["request_id"] = current_request_id.get()
    line["level"] = "info"
    line["timestamp"] = datetime.now(UTC)
    _write(orjson.dumps(line, default=str, option=orjson.OPT_UTC_Z))


class _RequestLines:
    """Whether they may take the shorter way: not on a developer's terminal, nor before logging is configured."""

    are_json = False


_request_lines: Final = _RequestLines()


def _write(line: bytes) -> None:
    output = sys.stdout.buffer
    output.write(line + b"\n")
    output.flush()


class _StandardOutput:
    """Where lines go. Looks standard output up for each, since tests replace it."""

    def __init__(self, *_arguments: object) -> None:
        """Take no notice of the arguments, which structlog offers to factories that name their loggers."""

    def msg(self, line: bytes) -> None:
        _write(line)

    debug = info = warning = error = critical = msg


class _ForeignRecords(logging.Handler):
    """Hands records of the standard library's logging to the pipeline of our own."""

    def emit(self, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001 - a record that cannot be formatted must not break who logs it
            message = "a log record that cannot be formatted"
        if record.name == "asyncio":
            # Its further lines print the task or future, and with it the text of the exception that it died of.
            message = message.partition("\n")[0]
        structlog.get_logger().log(record.levelno, message, logger=record.name, exc_info=record.exc_info)


def _name_request(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    request_id = current_request_id.get()
    if request_id is not None:
        event["request_id"] = request_id
    return event


def _exception_without_values(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    given = event.pop("exc_info", None)
    if given is True:
        given = sys.exc_info()
    exception = given[1] if isinstance(given, tuple) else given
    if isinstance(exception, BaseException):
        event["failure"] = describe(exception)
    return event


def _json_renderer() -> list[Processor]:
    return [structlog.processors.JSONRenderer(serializer=_dumps)]


def _console_renderer() -> list[Processor]:
    renderer = structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
    return [_failure_as_text, renderer, _encoded]


def _encoded(_logger: WrappedLogger, _method: str, line: EventDict) -> bytes:
    """The renderer's text as bytes; what cannot be encoded shall not lose the line."""
    return str(line).encode("utf-8", "backslashreplace")


def _failure_as_text(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """A failure over several lines, as a developer expects a traceback to look."""
    if "failure" in event:
        lines = []
        for failure in event.pop("failure"):
            named = " ".join(f"{name}={value}" for name, value in failure.items() if name not in {"type", "frames"})
            lines += [f"  {failure['type']} {named}".rstrip(), *(f"    {frame}" for frame in failure["frames"])]
        event["exception"] = "\n".join(lines)
    return event


def _dumps(event: EventDict, **_options: object) -> bytes:
    return orjson.dumps(event, default=str)
