"""Which request the running task belongs to."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

# Puts the identifier on every line that is logged while the request runs (server/logging.py). A request's task has a
# context of its own, so nothing needs to take it back.
current_request_id: Final[ContextVar[str | None]] = ContextVar("current_request_id", default=None)
