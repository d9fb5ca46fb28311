"""The one way in which a mutation refuses keys of its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql import GraphQLError

from errors import ErrorCode

if TYPE_CHECKING:
    from collections.abc import Mapping


def forbidden_input(forbidden: Mapping[str, str]) -> GraphQLError:
    """An error that names every key that the caller may not write.

    Args:
        forbidden: coordinate of the input field to the permission that writing it asks for.
    """
    return GraphQLError(
        f"You may not write {', '.join(forbidden)}.",
        extensions={
            "code": ErrorCode.FORBIDDEN.value,
            "fields": list(forbidden),
            "permissions": sorted(set(forbidden.values())),
        },
    )
