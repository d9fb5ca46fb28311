from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenancy.slug import SlugRefusedError, checked_slug


@pytest.mark.parametrize(
    "slug",
    [
        'a","b',
        "a,b",
        "pg_temp",
        "pg_catalog",
        "pg-temp",
        "information_schema",
        "information-schema",
        "public",
        "fieldgate",
        "xn--80ak6aa92e",
        "a" * 41,
        "a" * 64,
        "",
        "a",
        "Acme",
        "acme ",
        " acme",
        "acme\n",
        "ac\N{CYRILLIC SMALL LETTER EM}e",
        "acm\N{LATIN SMALL LETTER E WITH ACUTE}",
        "\N{FULLWIDTH LATIN SMALL LETTER A}cme",
        "acme\N{ZERO WIDTH SPACE}",
        "acme\N{ARABIC-INDIC DIGIT ONE}",
        "1acme",
        "-acme",
        "acme-",
        "ac--me",
        "ac.me",
        "ac/me",
        "..",
        "ac;me",
        "ac'me",
        "ac\0me",
    ],
)
def test_t8_a_slug_that_could_be_taken_for_something_else_is_refused(slug: str) -> None:
    with pytest.raises(SlugRefusedError):
        checked_slug(slug)


@pytest.mark.parametrize("slug", ["acme", "acme-2", "a1", "globex-north-america", "a" * 40])
def test_an_ordinary_slug_is_taken_as_it_is(slug: str) -> None:
    assert checked_slug(slug) == slug


@given(st.text())
def test_t8_what_is_accepted_is_plain_ascii(text: str) -> None:
    try:
        accepted = checked_slug(text)
    except SlugRefusedError:
        return
    assert accepted == text
    assert set(text) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
