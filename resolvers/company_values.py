"""What a company's columns may hold. Mutations and imports ask the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Final
from urllib.parse import urlsplit

from tortoise.fields import CharField

from models.tenant import Company, CompanyStatus
from resolvers import identifiers
from resolvers.refused_value import RefusedValueError
from resolvers.text import NOTHING, line

Value = object

LACKS_CURRENCY: Final = "A credit limit needs a currency."

# The column has twenty digits, two of them after the point.
_CREDIT_LIMIT_BELOW: Final = Decimal(10) ** 18
_CENT: Final = Decimal("0.01")
_HIGHEST_RISK: Final = 100
_NEVER_NULL: Final = frozenset({"name", "status", "org_unit_id"})


def checked(
    values: Mapping[str, Value], *, country: str | None = None
) -> tuple[dict[str, Value], dict[str, RefusedValueError]]:
    """Check values by the columns that they are for.

    Args:
        values: column to value; text is trimmed, and empty text is no value.
        country: of the address that the company has already; a new one among the values goes before it.

    Returns:
        The values that can be kept, in their one spelling, and what is wrong with the others.
    """
    kept: dict[str, Value] = {}
    refused: dict[str, RefusedValueError] = {}
    # The address before the tax number, whose form is a matter of the country.
    for column in sorted(values, key=lambda each: each == "tax_id") if "tax_id" in values else values:
        try:
            kept[column] = _checked(column, values[column], kept.get("address_country", country))
        except RefusedValueError as problem:
            refused[column] = problem
    return kept, refused


def lacks_currency(values: Mapping[str, Value]) -> bool:
    """Whether a credit limit stands there without a currency: a number that nobody can act on."""
    return values.get("credit_limit") is not None and values.get("credit_currency") is None


def _checked(column: str, given: Value, country: Value) -> Value:
    value = line(given, _longest(column)) if isinstance(given, str) and not isinstance(given, CompanyStatus) else given
    if value is None:
        if column in _NEVER_NULL:
            raise RefusedValueError(NOTHING)
        return None
    if column == "tax_id":
        return identifiers.tax_id(str(value), None if country is None else str(country))
    return _CHECKS[column](value) if column in _CHECKS else value


@cache  # as many as the table has columns
def _longest(column: str) -> int | None:
    field = Company._meta.fields_map.get(column)  # noqa: SLF001 - Tortoise names its public description so
    return field.max_length if isinstance(field, CharField) and column not in _SHORTENED_BY_CHECKS else None


def _website(value: Value) -> str:
    text = str(value)
    if not _is_website(text):
        message = "A website is an address such as https://www.example.com."
        raise RefusedValueError(message)
    return text


def _is_website(text: str) -> bool:
    try:
        parts = urlsplit(text)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    whole = parts.scheme in {"http", "https"} and "." in (parts.hostname or "").strip(".")
    return whole and parts.username is None and not any(character.isspace() for character in text)


def _founded_year(value: Value) -> int:
    present = datetime.now(UTC).year
    if not isinstance(value, int) or not 1 <= value <= present:
        message = "A company was founded in a year between 1 and the present one."
        raise RefusedValueError(message)
    return value


def _credit_limit(value: Value) -> Decimal:
    if not isinstance(value, Decimal) or not value.is_finite() or not 0 <= value < _CREDIT_LIMIT_BELOW:
        message = "A credit limit is at least 0 and has at most 18 digits before the point."
        raise RefusedValueError(message)
    if value != value.quantize(_CENT):
        message = "A credit limit has at most two decimal places."
        raise RefusedValueError(message)
    return value.quantize(_CENT)


def _risk_score(value: Value) -> int:
    if not isinstance(value, int) or not 0 <= value <= _HIGHEST_RISK:
        message = f"A risk score is a whole number from 0 to {_HIGHEST_RISK}."
        raise RefusedValueError(message)
    return value


_CHECKS: Final[Mapping[str, Callable[[Value], Value]]] = {
    "website": _website,
    "founded_year": _founded_year,
    "vat_number": lambda value: identifiers.vat_number(str(value)),
    "lei": lambda value: identifiers.lei(str(value)),
    "cik": lambda value: identifiers.cik(str(value)),
    "address_country": lambda value: identifiers.country(str(value)),
    "credit_currency": lambda value: identifiers.currency(str(value)),
    "credit_limit": _credit_limit,
    "risk_score": _risk_score,
}
# Typed with spaces and punctuation, these are longer than what is kept of them.
_SHORTENED_BY_CHECKS: Final = frozenset({"vat_number", "lei", "cik", "tax_id", "address_country", "credit_currency"})
