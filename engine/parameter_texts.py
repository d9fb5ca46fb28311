"""Parameters in their form as text, in which PostgreSQL reads them as it reads a literal of their type.

For statements that go past the driver, which has a form of its own for each type.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from asyncpg.pgproto import pgproto

from engine.parameters import KeyOf, Units
from tenancy.messages import counted_values

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from engine.parameters import Parameter, Values

_MOST_REMEMBERED: Final = 10_000


class NoTextError(TypeError):
    """No form as text is known for a value. The driver may know what to do with it, or what is wrong with it."""


def parameter_texts(parameters: Sequence[Parameter], values: Values) -> bytes:
    """The parameters of one statement, as they are sent.

    Raises:
        NoTextError: one of them has no such form.
    """
    return counted_values([_parameter(each, values) for each in parameters])


def text(value: object) -> bytes | None:
    """A value as text; ``None``, which is null, for ``None``.

    Raises:
        NoTextError: as above.
    """
    if value is None:
        return None
    form = _FORMS.get(type(value))
    if form is not None:
        return form(value).encode()
    if isinstance(value, list):
        return b"{%b}" % b",".join(map(_element, value))
    if isinstance(value, str):
        # An enumeration's value, which is a string beside its name.
        return str.encode(value)
    raise NoTextError(type(value).__name__)


def _parameter(parameter: Parameter, values: Values) -> bytes | None:
    if isinstance(parameter, KeyOf):
        return parameter.text(values)
    if isinstance(parameter, Units):
        return _units(values.viewer.grants.units(parameter.requirement))
    return text(parameter.value(values))


@lru_cache(_MOST_REMEMBERED)
def _units(units: frozenset[UUID]) -> bytes:
    return f"{{{','.join(map(str, units))}}}".encode()


def _element(value: object) -> bytes:
    given = text(value)
    if given is None:
        return b"NULL"
    # In quotes nothing is special but these two.
    return b'"%b"' % given.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def _time(value: datetime) -> str:
    # Without a zone of its own PostgreSQL would read it in the session's.
    if value.tzinfo is None:
        message = "a time without a zone"
        raise NoTextError(message)
    return value.isoformat()


def _date(value: date) -> str:
    # Infinite dates are shown as the first and the last that there are (engine/sql.py), so these mean those.
    return {date.min: "-infinity", date.max: "infinity"}.get(value) or value.isoformat()


_FORMS: Final[dict[type, Callable[[Any], str]]] = {
    str: str,
    UUID: str,
    pgproto.UUID: str,
    int: str,
    bool: str,
    Decimal: str,
    date: _date,
    datetime: _time,
}
