"""What the engine answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import orjson


class Stage(StrEnum):
    """How far an operation came. The wire chooses its status by it."""

    PARSING = "parsing"
    VALIDATION = "validation"
    METHOD = "method"
    DECISION = "decision"
    SIGN_IN = "sign_in"
    EXECUTION = "execution"


@dataclass(slots=True)
class Result:
    """Finished JSON of ``data``, and the errors beside it.

    Attributes:
        data: the bytes of the ``data`` value (``b"null"`` where an error nulled it), or ``None`` when nothing ran,
            in which case the response has no ``data`` key at all.
        errors: entries of the response's ``errors`` list.
        stage: the stage that was reached; ``EXECUTION`` whenever ``data`` is not ``None``.
        root_type: the type that the operation began at, where it came to be executed. It tells queries and mutations
            apart in the log.
        max_age: where the caller has to sign in again first: how many seconds old that may be.
        printed_errors: ``errors`` as JSON, where they were printed before.
    """

    data: bytes | None
    errors: tuple[dict[str, object], ...] = ()
    stage: Stage = Stage.EXECUTION
    root_type: str | None = None
    max_age: int | None = None
    printed_errors: bytes | None = field(default=None, compare=False, repr=False)

    def errors_as_json(self) -> bytes:
        """The list of errors. There are no line breaks in it, which would end an event of a stream."""
        return self.printed_errors or orjson.dumps(self.errors, default=str)

    @property
    def relies_on_grants(self) -> bool:
        """Whether it is a refusal that other grants might have made otherwise."""
        return self.stage in {Stage.DECISION, Stage.SIGN_IN}
