"""What the log may say about an exception: where and of which type, never with which values.

The text of an exception is not safe to log. asyncpg quotes the row that broke a constraint, Pydantic the input that it
refused, a driver the address that it could not reach with the password in it. Frames and types cannot hold a value.
"""

from __future__ import annotations

import traceback
from typing import Final

_MAXIMUM_FRAMES: Final = 40
_MAXIMUM_CHAIN: Final = 8

# Names of schema objects and PostgreSQL's five-letter code; asyncpg sets them beside ``detail``, which holds values.
_NAMING_ATTRIBUTES: Final = ("sqlstate", "constraint_name", "table_name", "column_name")


def describe(exception: BaseException) -> list[dict[str, object]]:
    """The exception and what caused it, the first cause last, each with its frames, the innermost last."""
    described: list[dict[str, object]] = []
    pending: list[BaseException] = [exception]
    while pending and len(described) < _MAXIMUM_CHAIN:
        current = pending.pop(0)
        described.append(_describe_one(current))
        cause = current.__cause__ or (None if current.__suppress_context__ else current.__context__)
        if cause is not None:
            pending.append(cause)
        if isinstance(current, BaseExceptionGroup):
            pending.extend(current.exceptions)
    return described


def _describe_one(exception: BaseException) -> dict[str, object]:
    kind = type(exception)
    frames = [
        f"{frame.f_globals.get('__name__', '?')}:{line} {frame.f_code.co_name}"
        for frame, line in traceback.walk_tb(exception.__traceback__)
    ]
    named = {name: getattr(exception, name, None) for name in _NAMING_ATTRIBUTES}
    return {
        "type": f"{kind.__module__}.{kind.__qualname__}",
        **{name: value for name, value in named.items() if isinstance(value, str)},
        "frames": frames[-_MAXIMUM_FRAMES:],
    }
