"""From finished values to a result: printed, with an error for each field that is lacking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson

from engine.denials import denials
from engine.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.operation import DecidedOperation

# Each with its position in the document.
Errors = list[tuple[int, dict[str, object]]]


def answered(decided: DecidedOperation, data: object, counts: Sequence[int], errors: Errors) -> Result:
    """What an operation is answered with.

    Args:
        decided: the operation.
        data: its values.
        counts: objects that lack a field, by index of the selected field.
        errors: of fields that failed.
    """
    if decided.deniable:
        errors += denials(decided.deniable, counts)
    errors.sort(key=lambda each: each[0])
    root_type = decided.operation.selection.root.type_name
    return Result(orjson.dumps(data), tuple(entry for _, entry in errors), root_type=root_type)
