"""What a mutation was asked to write, and whether its caller may write it where the row belongs.

That a caller may write a key nowhere at all is found out before the mutation runs (``engine/input_permissions.py``).
What is left is decided here, by each mutation, once it knows the org unit.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from graphql import GraphQLError

from auth.permissions import Permission, Requirement
from auth.viewer import Viewer
from errors import ErrorCode
from resolvers.forbidden_input import forbidden_input
from resolvers.user_error import UserError, UserErrorCode


@dataclass(frozen=True, slots=True)
class Written:
    """The keys of an input that its caller gave. What was left out is not here; an explicit ``null`` is ``None``.

    Attributes:
        values: by the name of the column that the key writes. Nested inputs are laid flat; a list of inputs is a tuple
            of ``Written``.
        paths: the same names to the path of the key, for user errors.
        writers: the same names to the permission that writes.
        requirements: what each key that was given asks for, by its coordinate, nested ones included.
        permissions: each that some of them asks for.
    """

    values: Mapping[str, Any]
    paths: Mapping[str, tuple[str, ...]]
    writers: Mapping[str, Requirement]
    requirements: Mapping[str, Requirement]
    permissions: frozenset[Permission]


# What a mutation does: for whom, and with what.
Change = Callable[[Viewer, Written], Awaitable[object]]


def forbidden_keys(viewer: Viewer, written: Written, org_unit_id: UUID | None) -> dict[str, str]:
    """The keys that the viewer may not write on a thing of this org unit (``None``: of none): to their permissions."""
    return {
        coordinate: str(requirement)
        for coordinate, requirement in written.requirements.items()
        if not viewer.may(requirement, org_unit_id)
    }


def refuse_forbidden_keys(viewer: Viewer, written: Written, *org_unit_ids: UUID | None) -> None:
    """Refuse a write that the viewer may not make in each of these org units.

    Raises:
        GraphQLError: ``FORBIDDEN``; it names every key.
    """
    forbidden: dict[str, str] = {}
    for org_unit_id in org_unit_ids:
        forbidden |= forbidden_keys(viewer, written, org_unit_id)
    if forbidden:
        raise forbidden_input(forbidden)


def refuse_unless_signed_in(viewer: Viewer) -> None:
    """Refuse a write that takes a member who signed in: what bounds a token must not be escaped by having it make more.

    Raises:
        GraphQLError: ``FORBIDDEN``: the caller is a client, a script or an operator.
    """
    if viewer.acting is not None:
        message = "This takes a member who signed in, not a client, a token or somebody of support."
        raise GraphQLError(message, extensions={"code": ErrorCode.FORBIDDEN.value})


@dataclass(frozen=True, slots=True)
class Problems:
    """The user errors of one input, as they are found."""

    written: Written
    errors: list[UserError] = field(default_factory=list)

    def add(self, name: str, message: str, code: UserErrorCode = UserErrorCode.BAD_USER_INPUT) -> None:
        """Say what is wrong with the key that writes the column ``name``."""
        self.errors.append(UserError(code, self.written.paths.get(name, ("input",)), message))

    def conflict(self, what: str, current_version: int) -> None:
        """Say that the row has changed since the caller read it."""
        message = f"This {what} has been changed since you read it. Read it again, and decide anew."
        path = self.written.paths["version"]
        self.errors.append(UserError(UserErrorCode.CONFLICT, path, message, current_version))
