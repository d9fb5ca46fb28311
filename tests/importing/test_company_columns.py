from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resolvers.company_columns import FIELDS, ColumnMappingError, map_columns
from resolvers.company_values import checked
from resolvers.headquarters import Headquarters, read_headquarters
from resolvers.refused_value import RefusedValueError

LISTED = (
    "Symbol",
    "Security",
    "GICS Sector",
    "GICS Sub-Industry",
    "Headquarters Location",
    "Date added",
    "CIK",
    "Founded",
)


def test_the_titles_of_a_list_of_listed_companies_are_known() -> None:
    assert list(map_columns(LISTED, {}).values()) == [
        "reference",
        "name",
        "sector",
        "industry",
        "headquarters",
        "listedOn",
        "cik",
        "founded",
    ]


def test_every_field_is_found_by_its_own_name_however_it_is_spelt() -> None:
    apart = {"founded", "headquarters"}
    for spelling in (str, str.upper, lambda name: f" {name.replace('Y', ' y')} "):
        header = ["reference", *(spelling(name) for name in FIELDS if name not in {"reference", *apart})]
        assert set(map_columns(header, {}).values()) == FIELDS.keys() - apart


def test_a_title_that_says_nothing_is_left_out() -> None:
    assert map_columns(["reference", "Remarks", ""], {}) == {0: "reference"}


def test_somebodys_choice_goes_before_the_title() -> None:
    chosen = {"Key": "reference", "Name": "legalName", "Sector": ""}
    assert map_columns(["Key", "Name", "Sector"], chosen) == {0: "reference", 1: "legalName"}


@pytest.mark.parametrize(
    ("header", "chosen", "said"),
    [
        (["name"], {}, "no column is the reference"),
        (["reference"], {"Nmae": "name"}, "no column 'Nmae'; there are 'reference'"),
        (["reference", "Name"], {"Name": "nmae"}, "no field 'nmae'; there are cik"),
        (["reference", "name", "Security"], {}, "'name' and 'Security' would both fill name"),
        (["reference", "city", "headquarters"], {}, "'city' and 'headquarters' would both fill headquarters"),
        (["reference", "founded", "foundedYear"], {}, "would both fill foundedYear"),
        (["reference", "Reference"], {}, "would both fill reference"),
    ],
)
def test_columns_that_make_no_sense_are_refused(header: list[str], chosen: dict[str, str], said: str) -> None:
    with pytest.raises(ColumnMappingError) as refused:
        map_columns(header, chosen)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("Saint Paul, Minnesota", Headquarters("Saint Paul", "Minnesota", "US")),
        ("Atlanta, Georgia", Headquarters("Atlanta", "Georgia", "US")),
        ("Dublin, Ireland", Headquarters("Dublin", None, "IE")),
        ("Warmley, Bristol, United Kingdom", Headquarters("Warmley", "Bristol", "GB")),
        ("Washington, D.C.", Headquarters("Washington", "District of Columbia", "US")),
        ("West Falls Church, Virginia[2]", Headquarters("West Falls Church", "Virginia", "US")),
        ("Columbus, Ohio; Detroit, Michigan", Headquarters("Columbus", "Ohio", "US", "Detroit, Michigan")),
        ("Amsterdam, Netherlands", Headquarters("Amsterdam", None, "NL")),
        ("Seoul, South Korea", Headquarters("Seoul", None, "KR")),
        ("London, UK", Headquarters("London", None, "GB")),
        ("Singapore", Headquarters(None, None, "SG")),
        ("  ;Detroit ,  Michigan ", Headquarters("Detroit", "Michigan", "US")),
        ("none", Headquarters(None, None, None)),
        (",;,", Headquarters(None, None, None)),
    ],
)
def test_headquarters_are_taken_apart(text: str, place: Headquarters) -> None:
    assert read_headquarters(text) == place


@pytest.mark.parametrize("text", ["Atlantis", "Berlin, DE", "San Jose, CA", "Paris, Frankreich"])
def test_headquarters_that_could_be_anywhere_are_refused(text: str) -> None:
    with pytest.raises(RefusedValueError):
        read_headquarters(text)


@pytest.mark.parametrize(
    ("field", "text", "values"),
    [
        ("founded", "1902", {"founded_year": 1902, "founded_note": None}),
        ("founded", "2013 (1888)", {"founded_year": 2013, "founded_note": "2013 (1888)"}),
        ("founded", "1975/1977 (1997)", {"founded_year": 1975, "founded_note": "1975/1977 (1997)"}),
        ("foundedYear", "1902", {"founded_year": 1902}),
        ("listedOn", "1957-03-04", {"listed_on": date(1957, 3, 4)}),
        ("creditLimit", "1000.50", {"credit_limit": Decimal("1000.50")}),
        ("status", "active", {"status": "ACTIVE"}),
    ],
)
def test_a_cell_says_what_it_says(field: str, text: str, values: dict[str, object]) -> None:
    assert FIELDS[field].read(text).values == values


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("founded", "unknown"),
        ("founded", "19020"),
        ("foundedYear", "1902.5"),
        ("foundedYear", "٣"),
        ("riskScore", "9" * 10_000),
        ("listedOn", "04.03.1957"),
        ("listedOn", "1957-02-30"),
        ("listedOn", "19570304"),
        ("creditLimit", "1,000.50"),
        ("creditLimit", "1e5"),
        ("creditLimit", "NaN"),
        ("status", "open"),
    ],
)
def test_a_cell_that_makes_no_sense_is_refused(field: str, text: str) -> None:
    with pytest.raises(RefusedValueError):
        FIELDS[field].read(text)


@given(field=st.sampled_from(sorted(FIELDS)), text=st.text(max_size=60))
def test_whatever_a_cell_holds_is_read_or_refused(field: str, text: str) -> None:
    try:
        values = FIELDS[field].read(text).values
    except RefusedValueError:
        return
    kept, refused = checked(values, country="DE")
    assert kept.keys() | refused.keys() == values.keys()
    # What was taken is in its one spelling: taking it again changes nothing.
    assert checked(kept, country="DE") == (kept, {})
