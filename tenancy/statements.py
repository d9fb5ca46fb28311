"""The statements that PostgreSQL has prepared on one connection for reads that go past the driver.

What a tenant runs for the first time is a statement that it shares with the others. What it runs again is prepared for
it alone (``Opening.mark``), for most of those that are kept: PostgreSQL analyses a shared one anew at each change of
tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from tenancy.messages import close, parse

if TYPE_CHECKING:
    from collections.abc import Iterable

# A statement by its text, its tag, and the mark of the tenant that it belongs to; without one, all tenants share it.
Key = tuple[str, str, str]

# Of as many that tenants have run once it is remembered.
_REMEMBERED_ONCE: Final = 10_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """A prepared statement.

    Attributes:
        key: what it is.
        name: what PostgreSQL knows it by.
        is_own: whether no other tenant uses it.
    """

    key: Key
    name: bytes
    is_own: bool


class Statements:
    """At most so many, those that were not used for longest given up first."""

    def __init__(self, limit: int) -> None:
        """Nothing is prepared yet.

        Args:
            limit: how many are kept, 2 at least.
        """
        self._limit = limit
        self._most_owned = limit * 3 // 4
        # Least recently used first.
        self._shared: dict[Key, Prepared] = {}
        self._owned: dict[Key, Prepared] = {}
        self._run_once: set[Key] = set()
        self._count = 0
        self._given_up: list[bytes] = []

    def prepared(self, sql: str, tag: str, mark: str) -> tuple[Prepared, bytes]:
        """The statement to run, and the message that prepares it; empty where that was done before.

        Args:
            sql: its text.
            tag: a comment behind it.
            mark: a comment that no other tenant has, or nothing.
        """
        own = (sql, tag, mark)
        known = self._owned.get(own)
        if known is not None:
            return known, b""
        if mark:
            if own in self._run_once and len(self._owned) < self._most_owned:
                return self._made(self._owned, own)
            if len(self._run_once) >= _REMEMBERED_ONCE:
                self._run_once.clear()
            self._run_once.add(own)
        shared = (sql, tag, "")
        known = self._shared.pop(shared, None)
        if known is None:
            return self._made(self._shared, shared)
        self._shared[shared] = known
        return known, b""

    def closing(self) -> bytes:
        """The messages that have PostgreSQL forget what was given up; they go before any other."""
        if not self._given_up:
            return b""
        messages = b"".join(map(close, self._given_up))
        self._given_up.clear()
        return messages

    def give_up(self, statements: Iterable[Prepared]) -> None:
        """Have these prepared anew before they are used again: whether they exist is not known, or they failed."""
        for each in statements:
            kept = self._owned if each.is_own else self._shared
            # It may have been given up before, and be prepared anew under another name.
            if kept.get(each.key) is each:
                del kept[each.key]
                self._given_up.append(each.name)

    def _made(self, kept: dict[Key, Prepared], key: Key) -> tuple[Prepared, bytes]:
        if len(self._shared) + len(self._owned) >= self._limit:
            # There is always a shared one: the others are fewer than the limit.
            self.give_up([next(iter(self._shared.values()))])
        self._count += 1
        made = kept[key] = Prepared(key, f"fieldgate_read_{self._count}".encode(), kept is self._owned)
        return made, parse(made.name, "".join(key))
