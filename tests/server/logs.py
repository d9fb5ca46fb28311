"""Our logging, switched on for a test and off again after it."""

from __future__ import annotations

import contextlib
import logging
from typing import TYPE_CHECKING

import structlog

from server.logging import configure_logging

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal


@contextlib.contextmanager
def logs(log_format: Literal["json", "console"] = "json") -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    configure_logging(log_format)
    try:
        yield
    finally:
        root.handlers, root.level = handlers, level
        logging.captureWarnings(capture=False)
        structlog.reset_defaults()
