from __future__ import annotations

from typing import TYPE_CHECKING

from resolvers.reads import Nodes

if TYPE_CHECKING:
    from resolvers.reads import Source


def node(source: Source) -> Nodes:
    """The object with this global id."""
    return Nodes(argument=source.argument("id").name, many=False)


def nodes(source: Source) -> Nodes:
    """The objects with these global ids, in their order."""
    return Nodes(argument=source.argument("ids").name, many=True)
