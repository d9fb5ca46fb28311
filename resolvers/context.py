"""What an ordinary resolver finds in ``info.context``."""

from __future__ import annotations

from dataclasses import dataclass

import strawberry

from auth.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Context:
    """The request, as far as a resolver may know it."""

    viewer: Viewer
    request_id: str


Info = strawberry.Info[Context, None]
