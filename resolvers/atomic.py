"""A savepoint around a mutation's resolver."""

from __future__ import annotations

import functools
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from tortoise.transactions import in_transaction

Parameters = ParamSpec("Parameters")
Answer = TypeVar("Answer")


def atomic(resolver: Callable[Parameters, Awaitable[Answer]]) -> Callable[Parameters, Awaitable[Answer]]:
    """Undo what ``resolver`` did when it raises. The mutations beside it in the same request keep what they did."""

    @functools.wraps(resolver)
    async def resolve(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Answer:
        async with in_transaction("tenant"):
            return await resolver(*args, **kwargs)

    return resolve
