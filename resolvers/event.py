"""What becomes of a change, for one viewer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from auth.viewer import Viewer
from tenancy.changes import Change

# Called inside the viewer's tenant scope, in the snapshot that the rest of the event is read from.
Event = Callable[[Viewer, Change], Awaitable[object | None]]
