"""Asking the engine one question in a test."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from engine.request import Request
from tests.oracle.recording import recorded_sql

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from auth.viewer import Viewer
    from engine.engine import Engine
    from engine.result import Stage


@dataclass(frozen=True)
class Asked:
    """What came of a question.

    Attributes:
        data: decoded; ``None`` when nothing ran.
        errors: as they would leave.
        stage: how far it came.
        statements: the SQL that was sent.
        body: data and errors as bytes, to look for what must not be in them.
    """

    data: Any
    errors: Sequence[Mapping[str, Any]]
    stage: Stage
    statements: Sequence[str]
    body: bytes

    @property
    def codes(self) -> list[str]:
        return [each["extensions"]["code"] for each in self.errors]

    @property
    def messages(self) -> list[str]:
        return [each["message"] for each in self.errors]


async def ask(
    engine: Engine,
    viewer: Viewer,
    document: str,
    variables: Mapping[str, object] | None = None,
    **request: Any,  # noqa: ANN401 - what else a request has
) -> Asked:
    """Run one operation, and look at what it sends."""
    with recorded_sql() as statements:
        result = await engine.execute(Request(document, "asked", variables=variables or {}, **request), viewer)
    return Asked(
        data=None if result.data is None else orjson.loads(result.data),
        errors=result.errors,
        stage=result.stage,
        statements=statements,
        body=(result.data or b"") + json.dumps(result.errors).encode(),
    )
