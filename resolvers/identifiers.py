"""Identifiers of the outside world, checked and brought to one spelling.

Check digits come from python-stdnum, countries and currencies from pycountry (ISO 3166-1, ISO 4217). python-stdnum has
no types, so this is the only module that touches it.
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import Final

import pycountry
from stdnum import lei as _lei
from stdnum.eu import vat as _eu_vat
from stdnum.exceptions import ValidationError

from resolvers.refused_value import RefusedValueError

_VAT_OUTSIDE_THE_UNION: Final = {"CH": "ch.vat", "GB": "gb.vat", "NO": "no.mva"}
_UNION: Final = frozenset(code.upper() for code in _eu_vat.MEMBER_STATES) | {"EL"}

# What a company's tax number is in each country. A country that is not here has its numbers checked by length alone.
_TAX_NUMBERS: Final = {
    "AT": "at.tin",
    "AU": "au.abn",
    "BE": "be.vat",
    "BR": "br.cnpj",
    "CA": "ca.bn",
    "CH": "ch.uid",
    "CN": "cn.uscc",
    "CZ": "cz.dic",
    "DE": "de.stnr",
    "DK": "dk.cvr",
    "ES": "es.cif",
    "FI": "fi.ytunnus",
    "FR": "fr.siren",
    "GB": "gb.utr",
    "IE": "ie.vat",
    "IN": "in_.pan",
    "IT": "it.iva",
    "JP": "jp.cn",
    "KR": "kr.brn",
    "LU": "lu.tva",
    "MX": "mx.rfc",
    "NL": "nl.bsn",
    "NO": "no.orgnr",
    "NZ": "nz.ird",
    "PL": "pl.nip",
    "PT": "pt.nif",
    "SE": "se.orgnr",
    "SG": "sg.uen",
    "TR": "tr.vkn",
    "US": "us.ein",
    "ZA": "za.tin",
}
_LONGEST_TAX_NUMBER: Final = 32
_LONGEST_CIK: Final = 10


def vat_number(text: str) -> str:
    """A VAT number with the two letters of its country in front, without spaces or punctuation.

    Raises:
        RefusedValueError: it has no known country, or its check digits are wrong.
    """
    country = text.strip()[:2].upper()
    if country in _UNION:
        module, prefix = _eu_vat, ""
    elif country in _VAT_OUTSIDE_THE_UNION:
        module, prefix = import_module(f"stdnum.{_VAT_OUTSIDE_THE_UNION[country]}"), country
    else:
        message = "A VAT number starts with the two letters of its country: the European Union, CH, GB or NO."
        raise RefusedValueError(message)
    message = f"This is not a valid VAT number of {country}: its form or its check digits are wrong."
    number = _validated(module, text, message)
    return f"{prefix}{number.removeprefix(prefix)}"


def tax_id(text: str, country: str | None) -> str:
    """A company's tax number, without punctuation where the country's form is known.

    Args:
        text: as typed.
        country: ISO 3166-1 alpha-2 of the company's address, where there is one.

    Raises:
        RefusedValueError: it is not one of that country.
    """
    if country is not None and country in _TAX_NUMBERS:
        message = f"This is not a valid tax number of {country}: its form or its check digits are wrong."
        return _validated(import_module(f"stdnum.{_TAX_NUMBERS[country]}"), text, message)
    if len(text) > _LONGEST_TAX_NUMBER or not any(character.isalnum() for character in text):
        message = f"A tax number has at most {_LONGEST_TAX_NUMBER} characters, letters or digits among them."
        raise RefusedValueError(message)
    return text


def lei(text: str) -> str:
    """A Legal Entity Identifier (ISO 17442): 20 characters with two check digits.

    Raises:
        RefusedValueError: it is not one.
    """
    message = "This is not a valid LEI: it has 20 letters and digits, of which the last two are check digits."
    return _validated(_lei, text, message)


def cik(text: str) -> str:
    """A Central Index Key of the United States' SEC, in its usual ten digits.

    Raises:
        RefusedValueError: it is not a number of at most ten digits.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= _LONGEST_CIK and int(text) > 0):
        message = f"A CIK is a number of at most {_LONGEST_CIK} digits."
        raise RefusedValueError(message)
    return text.zfill(_LONGEST_CIK)


def country(text: str) -> str:
    """A country's ISO 3166-1 alpha-2 code.

    Raises:
        RefusedValueError: there is no such country.
    """
    code = text.upper()
    if len(code) != 2 or not text.isascii() or pycountry.countries.get(alpha_2=code) is None:  # noqa: PLR2004 - alpha-2 says it
        message = "A country is given by its two letters of ISO 3166-1, such as DE."
        raise RefusedValueError(message)
    return code


def currency(text: str) -> str:
    """A currency's ISO 4217 code.

    Raises:
        RefusedValueError: there is no such currency.
    """
    code = text.upper()
    if not text.isascii() or pycountry.currencies.get(alpha_3=code) is None:
        message = "A currency is given by its three letters of ISO 4217, such as EUR."
        raise RefusedValueError(message)
    return code


def _validated(module: ModuleType, text: str, message: str) -> str:
    try:
        number = str(module.validate(text))
    except ValidationError as problem:
        raise RefusedValueError(message) from problem
    # Digits of other scripts count as digits in Python, and two spellings of one number would be two numbers.
    if not number.isascii():
        raise RefusedValueError(message)
    return number
