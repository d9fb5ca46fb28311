"""Which column of a file says what about a company, and how its text is read."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from models.tenant import CompanyStatus
from resolvers.headquarters import read_headquarters
from resolvers.refused_value import RefusedValueError

# Digits of other scripts are digits to Python too, and a number of thousands of them takes its time.
_WHOLE_NUMBER: Final = re.compile(r"-?[0-9]{1,9}\Z")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
_AMOUNT: Final = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?\Z")
_FOUNDED: Final = re.compile(r"([0-9]{4})(?![0-9])")


class ColumnMappingError(Exception):
    """The columns can't be brought together with the fields. The message says which and why."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a cell says: values by column of the table, and a note where it says more than was taken."""

    values: Mapping[str, object]
    note: str | None = None


@dataclass(frozen=True, slots=True)
class FileField:
    """Something that a column of a file can say.

    Attributes:
        columns: of the table, that it fills.
        read: the text of a cell that is not empty; raises ``RefusedValueError``.
    """

    columns: tuple[str, ...]
    read: Callable[[str], Reading]


def _into(column: str, convert: Callable[[str], object]) -> FileField:
    return FileField((column,), lambda text: Reading({column: convert(text)}))


def _whole_number(text: str) -> int:
    if not _WHOLE_NUMBER.match(text):
        message = "This is not a whole number."
        raise RefusedValueError(message)
    return int(text)


def _day(text: str) -> date:
    try:
        if _DAY.match(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    message = "This is not a day such as 2024-12-31."
    raise RefusedValueError(message)


def _amount(text: str) -> Decimal:
    if not _AMOUNT.match(text):
        message = "This is not an amount such as 1000.50, without separators of thousands."
        raise RefusedValueError(message)
    return Decimal(text)


def _status(text: str) -> CompanyStatus:
    try:
        return CompanyStatus(text.upper())
    except ValueError:
        message = f"This is none of {', '.join(CompanyStatus)}."
        raise RefusedValueError(message) from None


def _founded(text: str) -> Reading:
    year = _FOUNDED.match(text)
    if year is None:
        message = "This does not start with a year."
        raise RefusedValueError(message)
    whole = year.end() == len(text)
    return Reading({"founded_year": int(year[1]), "founded_note": None if whole else text})


def _headquarters(text: str) -> Reading:
    place = read_headquarters(text)
    values = {"address_city": place.city, "address_region": place.region, "address_country": place.country}
    return Reading(values, None if place.left_out is None else "Only the first place was taken.")


FIELDS: Final[Mapping[str, FileField]] = {
    **{
        name: _into(column, str)
        for name, column in {
            "reference": "reference",
            "name": "name",
            "legalName": "legal_name",
            "sector": "sector",
            "industry": "industry",
            "website": "website",
            "foundedNote": "founded_note",
            "taxId": "tax_id",
            "vatNumber": "vat_number",
            "lei": "lei",
            "cik": "cik",
            "street": "address_street",
            "city": "address_city",
            "region": "address_region",
            "postalCode": "address_postal_code",
            "country": "address_country",
            "creditCurrency": "credit_currency",
        }.items()
    },
    "status": _into("status", _status),
    "foundedYear": _into("founded_year", _whole_number),
    "riskScore": _into("risk_score", _whole_number),
    "listedOn": _into("listed_on", _day),
    "creditLimit": _into("credit_limit", _amount),
    "founded": FileField(("founded_year", "founded_note"), _founded),
    "headquarters": FileField(("address_city", "address_region", "address_country"), _headquarters),
}

# Titles that mean a field without being its name; those of Wikipedia's lists of listed companies.
_KNOWN_TITLES: Final = {
    "symbol": "reference",
    "security": "name",
    "gicssector": "sector",
    "gicssubindustry": "industry",
    "headquarterslocation": "headquarters",
    "dateadded": "listedOn",
}


def _plain(title: str) -> str:
    return "".join(character for character in title.casefold() if character.isalnum())


_BY_TITLE: Final = {_plain(name): name for name in FIELDS} | _KNOWN_TITLES


def map_columns(header: Sequence[str], chosen: Mapping[str, str]) -> dict[int, str]:
    """Which column (by position) says which field. A column without a field is left out.

    Args:
        header: the titles.
        chosen: title to field, where somebody decided; an empty field leaves the column out.

    Raises:
        ColumnMappingError: an unknown title or field, a column of the table that two would fill, or no reference.
    """
    for title, field in chosen.items():
        if title not in header:
            message = f"there is no column {title!r}; there are {', '.join(map(repr, header))}"
            raise ColumnMappingError(message)
        if field and field not in FIELDS:
            message = f"there is no field {field!r}; there are {', '.join(sorted(FIELDS))}"
            raise ColumnMappingError(message)
    named = {position: chosen.get(title, _BY_TITLE.get(_plain(title), "")) for position, title in enumerate(header)}
    mapped = {position: field for position, field in named.items() if field}
    filled: dict[str, str] = {}
    for position, field in mapped.items():
        for column in FIELDS[field].columns:
            if column in filled:
                message = f"the columns {filled[column]!r} and {header[position]!r} would both fill {field}"
                raise ColumnMappingError(message)
            filled[column] = header[position]
    if "reference" not in filled:
        message = "no column is the reference, by which companies are matched; name one with --map COLUMN=reference"
        raise ColumnMappingError(message)
    return mapped
