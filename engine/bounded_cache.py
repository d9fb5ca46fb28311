"""A dictionary that forgets what was used longest ago. Everything the engine remembers is kept in one of these."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

K = TypeVar("K", bound="Hashable")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """Entries that together weigh no more than ``capacity``, and counts of hits and misses for the operator.

    Documents are their senders' to choose, and a large one is a thousand times a small one: a count of entries would
    bound nothing that an operator could rely on.

    It belongs to one event loop: no call awaits, so no lock is needed.
    """

    def __init__(self, capacity: int, weigh: Callable[[V], int]) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._capacity = capacity
        self._weigh = weigh
        self.weight = 0
        self.hits = 0
        self.misses = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: K) -> V | None:
        """The entry, which thereby becomes the one used last; ``None`` when there is none."""
        entry = self._entries.get(key)
        if entry is None:
            self.misses += 1
            return None
        self.hits += 1
        self._entries.move_to_end(key)
        return entry

    def set(self, key: K, value: V) -> None:
        """Keep ``value`` if it is not too heavy, and forget what was used longest ago while there is too much."""
        if key in self._entries:
            self.weight -= self._weigh(self._entries.pop(key))
        weight = self._weigh(value)
        if weight > self._capacity:
            return
        self.weight += weight
        self._entries[key] = value
        while self.weight > self._capacity:
            self.weight -= self._weigh(self._entries.popitem(last=False)[1])
