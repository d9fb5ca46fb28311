"""Heads of requests that came before on a connection, and are not read again.

A program that asks over one connection sends the same request line and headers with nearly every request, which is what
HTTP/2 has its tables for (RFC 7541). What the parser made of some bytes it would make of the same bytes again, if it
stood between two messages both times; to have it do so took longer than to find out that they are the same.

It goes by bytes alone: a head is known again if every byte of it is as it was, from the first of a message up to the
empty line, and if behind it there is the body that it declares, whole, and nothing else. All else is for the parser.
Heads hold tokens, so they are kept with the connection that they came by, where they are anyway while they are read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Scope

# Of a connection. Those of a program that asks for a few people alternate; one that asks for everybody gains nothing.
MOST_HEADS: Final = 4
MOST_HEAD_BYTES: Final = 4 * 1024
# More than that is taken piece by piece, and no more of it than is asked for.
MOST_BYTES: Final = 64 * 1024

_SCOPE_KEY: Final = "fieldgate.head"
_START: Final = b"POST "
_END: Final = b"\r\n\r\n"
# Each of them has the parser do more than to read on, or says in another way where the body ends.
_UNUSUAL: Final = frozenset({b"expect", b"transfer-encoding", b"upgrade"})
_DIGITS: Final = 10


class Head:
    """A head that was read.

    Attributes:
        begins: where the body begins.
        ends: where it ends.
        meanings: what was made of the head, for whoever makes the same of it each time.
    """

    __slots__ = ("_headers", "_scope", "begins", "ends", "meanings")

    def __init__(self, scope: Scope, begins: int, ends: int) -> None:
        """Keep what the parser has made of it."""
        self._scope = {**scope, "asgi": scope["asgi"].copy()}
        self._headers = tuple(scope["headers"])
        self.begins = begins
        self.ends = ends
        self.meanings: dict[str, Any] = {}

    def scope(self, state: Mapping[str, object]) -> Scope:
        """What the parser would make of it again, for one more request; ``state`` is the server's."""
        scope = self._scope.copy()
        # Whoever answers may change these.
        scope["asgi"] = scope["asgi"].copy()
        scope["headers"] = [*self._headers]
        scope["state"] = {**state}
        scope[_SCOPE_KEY] = self
        return scope


class RepeatedHeads:
    """The heads of one connection."""

    __slots__ = ("_heads",)

    def __init__(self) -> None:
        self._heads: dict[bytes, Head] = {}

    def find(self, data: bytes) -> Head | None:
        """The head of what came, if it is known and ``data`` is one whole message.

        Args:
            data: from the first byte of a message on.
        """
        if not self._heads:
            return None
        head = self._heads.get(data[: data.find(_END) + len(_END)])
        return head if head is not None and head.ends == len(data) else None

    def remember(self, data: bytes, scope: Scope) -> None:
        """Remember the head of one message, if there is nothing unusual about it.

        Args:
            data: what the parser was given, between two messages before it and again behind it.
            scope: what it has made of it. Nobody has changed it yet.
        """
        begins = data.find(_END) + len(_END)
        if begins > MOST_HEAD_BYTES or len(data) > MOST_BYTES:
            return
        # An empty line may go before a message, and is no part of it.
        if not data.startswith(_START) or scope["http_version"] != "1.1":
            return
        length: bytes | None = None
        for name, value in scope["headers"]:
            if name in _UNUSUAL or (name == b"content-length" and length is not None):
                return
            if name == b"content-length":
                length = value
        # Had the empty line been another one, the body would be shorter than it was declared to be.
        if length is None or not length.isdigit() or len(length) > _DIGITS or begins + int(length) != len(data):
            return
        while len(self._heads) >= MOST_HEADS:
            del self._heads[next(iter(self._heads))]
        self._heads[data[:begins]] = Head(scope, begins, len(data))


def meanings_of(scope: Scope) -> dict[str, Any] | None:
    """What was made before of the head that this request has, to be added to; ``None``: it is new."""
    head: Head | None = scope.get(_SCOPE_KEY)
    return None if head is None else head.meanings
