"""How somebody acts who is not simply a member who signed in: a client, a script, or an operator let in for a time."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

from auth.permissions import Permission
from auth.unauthenticated import UnauthenticatedError

if TYPE_CHECKING:
    from collections.abc import Mapping

_KNOWN: Final = frozenset(Permission)
_LONGEST_OPERATOR: Final = 320


class ActingKind(StrEnum):
    """What stands between the caller and the member whose grants it uses."""

    CLIENT = "client"
    PERSONAL = "personal"
    SUPPORT = "support"


@dataclass(frozen=True, slots=True)
class Acting:
    """What bounds and marks a caller. It only ever takes away from what the member may do.

    Attributes:
        kind: who acts.
        scope: the permissions that the member's grants are cut down to; ``None``: all of them.
        client_id: the OAuth client, for one.
        operator: somebody of ours by e-mail address, for support access.
    """

    kind: ActingKind
    scope: frozenset[Permission] | None = None
    client_id: UUID | None = None
    operator: str | None = None


def acting_claims(acting: Acting | None) -> dict[str, object]:
    """The claims that say so in a token: ``client_id`` and ``scope`` (RFC 9068), ``act`` (RFC 8693)."""
    if acting is None:
        return {}
    claims: dict[str, object] = {}
    if acting.client_id is not None:
        claims["client_id"] = str(acting.client_id)
    if acting.operator is not None:
        claims["act"] = {"sub": acting.operator}
    if acting.scope is not None:
        claims["scope"] = " ".join(sorted(acting.scope))
    return claims


def acting_of(claims: Mapping[str, object]) -> Acting | None:
    """What a verified token says about it.

    Raises:
        UnauthenticatedError: the claims are not in the one form that we write.
    """
    if not {"client_id", "act", "scope"} & claims.keys():
        return None
    scope = _scope(claims)
    if "client_id" in claims and "act" not in claims:
        return Acting(ActingKind.CLIENT, scope, client_id=_client_id(claims["client_id"]))
    if "act" in claims and "client_id" not in claims and scope is not None:
        return Acting(ActingKind.SUPPORT, scope, operator=_operator(claims["act"]))
    message = "claims of a caller that we never write"
    raise UnauthenticatedError(message)


def scope_of(names: str) -> frozenset[Permission]:
    """The permissions that a scope names. One that this release does not know is dropped: it grants nothing."""
    return frozenset(Permission(name) for name in names.split(" ") if name in _KNOWN)


def _scope(claims: Mapping[str, object]) -> frozenset[Permission] | None:
    if "scope" not in claims:
        return None
    names = claims["scope"]
    if not isinstance(names, str):
        message = "scope is no text"
        raise UnauthenticatedError(message)
    return scope_of(names)


def _client_id(value: object) -> UUID:
    try:
        if isinstance(value, str) and str(UUID(value)) == value:
            return UUID(value)
    except ValueError:
        pass
    message = "client_id is no identifier"
    raise UnauthenticatedError(message)


def _operator(value: object) -> str:
    if isinstance(value, dict) and value.keys() == {"sub"}:
        operator = value["sub"]
        if isinstance(operator, str) and 0 < len(operator) <= _LONGEST_OPERATOR:
            return operator
    message = "act names no operator"
    raise UnauthenticatedError(message)
