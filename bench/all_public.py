"""Fieldgate with every field open to everybody: ``python -m bench.all_public serve``.

What it is faster by is what permissions cost. For the bench alone: nothing of it is imported by the server.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from auth.permissions import PUBLIC
from cli.__main__ import main
from schema.declarations import Declarations

if TYPE_CHECKING:
    from graphql import GraphQLSchema


def _open_every_field() -> None:
    declare = Declarations.__init__

    def declare_public(self: Declarations, schema: GraphQLSchema) -> None:
        declare(self, schema)
        self._fields = {place: replace(rule, requires=PUBLIC) for place, rule in self._fields.items()}
        self._types = {name: replace(rule, requires=PUBLIC) for name, rule in self._types.items()}

    Declarations.__init__ = declare_public  # type: ignore[method-assign] # see above


if __name__ == "__main__":
    _open_every_field()
    sys.exit(main())
