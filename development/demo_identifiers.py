"""Identifiers that pass every check and belong to nobody that we know of: drawn until one is valid, always the same."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import UUID

from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from resolvers import identifiers
from resolvers.refused_value import RefusedValueError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# "#" is a digit to be drawn.
_VAT_FORMS: Final = {
    "AT": "ATU########",
    "BE": "BE0#########",
    "CH": "CHE#########MWST",
    "DE": "DE#########",
    "DK": "DK########",
    "FI": "FI########",
    "GB": "GB#########",
    "IE": "IE#######T",
    "NL": "NL#########B01",
    "NO": "NO#########MVA",
    "SE": "SE##########01",
}
_TAX_FORMS: Final = {
    "AT": "#########",
    "CA": "#########",
    "CH": "CHE#########",
    "DE": "###########",
    "GB": "##########",
    "JP": "#############",
    "NL": "#########",
    "NZ": "#########",
    "SG": "########K",
    "US": "20-#######",
}
_LEI_FORM: Final = "9845F1C71D########"
# Bank codes of the right form.
_BANKS: Final = {
    "AT": ("99901", 11),
    "BE": ("999", 7),
    "CH": ("99901", 12),
    "DE": ("99990010", 10),
    "DK": ("9990", 9),
    "FI": ("999", 10),
    "GB": ("FGDM", 8),
    "IE": ("FGDM", 8),
    "NL": ("FGDM", 10),
    "NO": ("9990", 6),
}
_FIRST_MOMENT_MS: Final = 1_767_225_600_000  # 2026-01-01 UTC


class DemoIdentifiers:
    """The identifiers of one company of the demo; the same for the same name on every machine."""

    def __init__(self, name: str, country: str) -> None:
        self._name = name
        self._country = country

    def vat_number(self) -> str | None:
        """A VAT number, where the country has them."""
        return self._drawn("vat", _VAT_FORMS.get(self._country), identifiers.vat_number)

    def tax_id(self) -> str | None:
        """A tax number, for some countries."""
        country = self._country
        return self._drawn("tax", _TAX_FORMS.get(country), lambda text: identifiers.tax_id(text, country))

    def lei(self) -> str | None:
        """A Legal Entity Identifier."""
        body = next(self._texts("lei", _LEI_FORM))
        # One pair of check digits fits (ISO 7064, MOD 97-10).
        return self._first_valid((f"{body}{check:02}" for check in range(100)), identifiers.lei)

    def iban(self) -> str | None:
        """An account number, where accounts have IBANs; its national check digits are right too."""
        if self._country not in _BANKS:
            return None
        bank, digits = _BANKS[self._country]

        def check(account: str) -> str:
            try:
                generated = IBAN.generate(self._country, bank_code=bank, account_code=account)
                return str(IBAN(generated, validate_bban=True))
            except SchwiftyException as problem:
                raise RefusedValueError from problem

        return self._drawn("iban", "#" * digits, check)

    def _drawn(self, what: str, form: str | None, check: Callable[[str], str]) -> str | None:
        return None if form is None else self._first_valid(self._texts(what, form), check)

    def _first_valid(self, texts: Iterator[str], check: Callable[[str], str]) -> str | None:
        for text in texts:
            try:
                return check(text)
            except RefusedValueError:
                continue
        return None

    def _texts(self, what: str, form: str) -> Iterator[str]:
        random = Random(f"{what} of {self._name}")  # noqa: S311 - the same every time is what it is for
        while True:
            yield "".join(str(random.randint(0, 9)) if character == "#" else character for character in form)


def demo_key(tenant: str, number: int) -> UUID:
    """A key in the form of a UUIDv7 (RFC 9562), in the order of numbers and the same on every machine."""
    digest = hashlib.sha256(f"{tenant} {number}".encode()).digest()
    moment = (_FIRST_MOMENT_MS + number).to_bytes(6, "big")
    return UUID(bytes=moment + bytes([0x70 | digest[0] & 0x0F, digest[1], 0x80 | digest[2] & 0x3F]) + digest[3:10])
