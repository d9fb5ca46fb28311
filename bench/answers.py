"""One form for the answers of all servers, to see that they said the same."""

from __future__ import annotations

from typing import Final

from resolvers.global_ids import decode

# Where a page ended is each server's own business, and versions go up with each change.
_LEFT_OUT: Final = frozenset({"pageInfo", "version", "userErrors"})
# An object of Fieldgate's, flat elsewhere.
_FLATTENED: Final = {"financials": ("creditLimit",)}


def canonical(data: object) -> object:
    """The data of an answer as lists and flat objects, with row keys for ids."""
    if isinstance(data, list):
        return [canonical(each) for each in data]
    if not isinstance(data, dict):
        return data
    kept = {name: value for name, value in data.items() if name not in _LEFT_OUT}
    for wrapper in ("nodes", "company"):
        if kept.keys() == {wrapper}:
            return canonical(kept[wrapper])
    flat: dict[str, object] = {}
    for name, value in kept.items():
        if name in _FLATTENED:
            flat |= value or dict.fromkeys(_FLATTENED[name])
        elif name == "id":
            named = decode(value)
            flat[name] = value if named is None else str(named.key)
        else:
            flat[name] = canonical(value)
    return flat
