"""Python source that turns the rows of one plan into the response's shape.

A plan's response is assembled by functions written for it, compiled once. They index into rows and build dictionaries;
there is no look-up by name, no permission check and no visitor left at run time. The source is made of response keys
(GraphQL names, as ``repr``), integers and the function names below, never of values.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from resolvers.global_ids import encode

if TYPE_CHECKING:
    from types import CodeType


@dataclass(frozen=True, slots=True)
class PageValues:
    """What assembling a page needs to know of the request.

    Attributes:
        first: how many rows the page holds; one more was asked for.
        continues: whether the page was asked for by a cursor.
        cursor: gives the cursor of a row by its sort value and its key.
    """

    first: int
    continues: bool
    cursor: Callable[[str | None, str], str]


@dataclass(slots=True)
class Assembling:
    """The request's side of one assembly.

    Attributes:
        pages: by index of the selected field.
        denied: how many objects lack a field, by index of the selected field.
        keys: for ``node`` and ``nodes``: the type and key of each id asked for, by index of the selected field.
    """

    pages: Mapping[int, PageValues]
    denied: list[int]
    keys: Mapping[int, Sequence[tuple[str, str] | None]]


Assemble = Callable[[Sequence[Sequence[object]], Assembling], object]


def _deny(state: Assembling, index: int) -> None:
    state.denied[index] += 1


def _find(
    found: Mapping[str, tuple[Callable[[object, Assembling], object], Mapping[str, object]]],
    key: tuple[str, str] | None,
    state: Assembling,
) -> object:
    """The node of a key, made of its row; ``None`` when the id named nothing that exists for the viewer."""
    if key is None or key[0] not in found:
        return None
    make, rows = found[key[0]]
    row = rows.get(key[1])
    return None if row is None else make(row, state)


@dataclass(slots=True)
class Source:
    """The functions of one plan, while they are being written."""

    lines: list[str] = field(default_factory=list)
    names: dict[str, object] = field(default_factory=lambda: {"deny": _deny, "find": _find, "global_id": encode})
    _count: int = 0

    def name(self, prefix: str) -> str:
        """A name that nothing else in the plan has."""
        self._count += 1
        return f"{prefix}{self._count}"

    def constant(self, value: object) -> str:
        """A name that stands for a value."""
        name = self.name("constant")
        self.names[name] = value
        return name

    def function(self, prefix: str, parameters: str, body: Sequence[str]) -> str:
        """Write a function, and give its name."""
        name = self.name(prefix)
        self.lines += [f"def {name}({parameters}):", *(f"    {line}" for line in body)]
        return name

    def compiled(self, name: str) -> Assemble:
        """The function of this name, ready to call."""
        code: CodeType = compile("\n".join(self.lines), "<plan>", "exec")
        exec(code, self.names)  # noqa: S102 - written above from names and numbers; see the module's docstring
        function = self.names[name]
        if not callable(function):
            raise TypeError(name)
        return function
