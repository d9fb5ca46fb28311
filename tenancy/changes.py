"""Which rows were changed, for whoever in this process waits for it: identifiers only, never what is in a row.

A topic is made by the server, of the tenant in a verified token and of a type that the schema declares. Nothing that a
caller says can name a topic of another tenant, and there are no patterns.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final
from uuid import UUID

import structlog

from tenancy.notifications import Channel

if TYPE_CHECKING:
    from tenancy.notifications import Notifications

# Rows that one waiter has not been told of yet. The same row counts once, however often it changes.
MAXIMUM_PENDING: Final = 1_000

_PARTS: Final = 4

_log = structlog.get_logger()


class Verb(StrEnum):
    """What happened to a row."""

    INSERT = "insert"
    UPDATE = "update"
    DELETE = "delete"


@dataclass(frozen=True, slots=True)
class Change:
    """One row was changed.

    Attributes:
        schema: generated name of the tenant's schema.
        type_name: of the row.
        key: of the row.
        verb: what happened to it.
    """

    schema: str
    type_name: str
    key: UUID
    verb: Verb


@dataclass(frozen=True, slots=True)
class Topic:
    """What somebody waits for.

    Attributes:
        schema: generated name of the schema of the tenant in the token.
        type_name: of the rows.
        keys: of the rows; ``None`` for every row of the type, an empty set for none.
    """

    schema: str
    type_name: str
    keys: frozenset[UUID] | None

    def has(self, change: Change) -> bool:
        """Whether a change of the topic's type in the topic's tenant is one of its rows."""
        return self.keys is None or change.key in self.keys


class TooSlowError(Exception):
    """More rows have changed than a waiter could be told of. It has missed something, so it must begin anew."""


class Waiting:
    """The changes of one topic that its waiter has not been told of."""

    def __init__(self, topic: Topic, maximum: int = MAXIMUM_PENDING) -> None:
        self.topic = topic
        self._maximum = maximum
        self._pending: dict[UUID, Change] = {}
        self._overflowed = False
        self._some = asyncio.Event()

    def add(self, change: Change) -> None:
        """Keep a change until it is asked for. One row has one place: told is how it is then, not how it was."""
        earlier = self._pending.get(change.key)
        if earlier is None and len(self._pending) >= self._maximum:
            self._overflowed = True
            self._pending.clear()
        elif not self._overflowed:
            created = earlier is not None and earlier.verb is Verb.INSERT and change.verb is Verb.UPDATE
            self._pending[change.key] = earlier if earlier is not None and created else change
        self._some.set()

    async def next(self) -> Change:
        """The change that has waited longest; waits for one.

        Raises:
            TooSlowError: too many had to be kept.
        """
        await self._some.wait()
        if self._overflowed:
            raise TooSlowError
        change = self._pending.pop(next(iter(self._pending)))
        if not self._pending:
            self._some.clear()
        return change


class Changes:
    """Everybody in this process who waits for changes."""

    def __init__(self, notifications: Notifications) -> None:
        self._waiting: defaultdict[tuple[str, str], set[Waiting]] = defaultdict(set)
        notifications.on(Channel.CHANGE, self._heard)

    def wait(self, topic: Topic) -> Waiting:
        """Begin to wait; :meth:`stop` ends it."""
        waiting = Waiting(topic)
        self._waiting[topic.schema, topic.type_name].add(waiting)
        return waiting

    def stop(self, waiting: Waiting) -> None:
        """End it. Ending it again changes nothing."""
        place = waiting.topic.schema, waiting.topic.type_name
        self._waiting[place].discard(waiting)
        if not self._waiting[place]:
            del self._waiting[place]

    def _heard(self, payload: str) -> None:
        if not self._waiting:
            return
        change = _change(payload)
        if change is None:
            _log.warning("a change that cannot be read")
            return
        for waiting in self._waiting.get((change.schema, change.type_name), ()):
            if waiting.topic.has(change):
                waiting.add(change)


def _change(payload: str) -> Change | None:
    """Anybody who may connect to the database can say anything on a channel, so it is read with care."""
    parts = payload.split(":")
    if len(parts) != _PARTS:
        return None
    schema, type_name, key, verb = parts
    try:
        return Change(schema, type_name, UUID(key), Verb(verb))
    except ValueError:
        return None
