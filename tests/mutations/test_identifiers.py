from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.identifiers import cik, country, currency, lei, tax_id, vat_number
from resolvers.refused_value import RefusedValueError


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("DE136695976", "DE136695976"),
        ("de 136 695 976", "DE136695976"),
        ("EL094259216", "EL094259216"),
        ("XI432525179", "XI432525179"),
        ("GB 980 7806 84", "GB980780684"),
        ("CHE-107.787.577 IVA", "CHE107787577IVA"),
        ("NO 995 525 828 MVA", "NO995525828MVA"),
    ],
)
def test_a_vat_number_has_one_spelling(typed: str, kept: str) -> None:
    assert vat_number(typed) == vat_number(kept) == kept


@pytest.mark.parametrize(
    "typed", ["", "D", "136695976", "DE136695977", "US911144442", "GB980780685", "DE13669597\u0666"]
)
def test_a_wrong_vat_number_is_refused(typed: str) -> None:
    with pytest.raises(RefusedValueError):
        vat_number(typed)


@pytest.mark.parametrize(
    ("typed", "of", "kept"),
    [
        ("91-1144442", "US", "911144442"),
        ("181/815/08155", "DE", "18181508155"),
        ("552 008 443", "FR", "552008443"),
        ("whatever 1/2", "AQ", "whatever 1/2"),
        ("whatever 1/2", None, "whatever 1/2"),
    ],
)
def test_a_tax_number_is_its_countrys(typed: str, of: str | None, kept: str) -> None:
    assert tax_id(typed, of) == tax_id(kept, of) == kept


@pytest.mark.parametrize(("typed", "of"), [("91-1144442", "DE"), ("x", "US"), ("---", None), ("1" * 33, None)])
def test_a_tax_number_of_no_such_form_is_refused(typed: str, of: str | None) -> None:
    with pytest.raises(RefusedValueError):
        tax_id(typed, of)


@pytest.mark.parametrize("typed", ["", "DEU", "276", "XX", "ß", "D\u212a"])
def test_a_country_is_two_letters_of_the_standard(typed: str) -> None:
    with pytest.raises(RefusedValueError):
        country(typed)


@pytest.mark.parametrize("typed", ["", "EURO", "978", "XYZ", "ßR"])
def test_a_currency_is_three_letters_of_the_standard(typed: str) -> None:
    with pytest.raises(RefusedValueError):
        currency(typed)


def test_small_letters_are_taken_for_capitals() -> None:
    assert (country("de"), currency("eur"), lei("213800kud8lajwsq9d15")) == ("DE", "EUR", "213800KUD8LAJWSQ9D15")


def test_a_cik_has_ten_digits() -> None:
    assert cik("66740") == cik("0000066740") == "0000066740"


@given(
    text=st.text(alphabet="0123456789ABCDEFGHUTX-/. äß²٣\u2013", max_size=20),
    of=st.sampled_from(["AT", "BE", "CH", "DE", "EL", "ES", "FR", "GB", "IE", "IT", "NL", "NO", "PL", "US", "MX"]),
)
def test_whatever_is_typed_is_kept_in_one_spelling_or_refused(text: str, of: str) -> None:
    for check in (vat_number, lei, cik, country, currency, lambda typed: tax_id(typed, of)):
        for typed in (text, f"{of}{text}"):
            try:
                kept = check(typed)
            except RefusedValueError:
                continue
            assert check(kept) == kept
