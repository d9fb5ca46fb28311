"""Where a company sits, as lists of companies say it: "Saint Paul, Minnesota", "Dublin, Ireland"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import pycountry

from resolvers.refused_value import RefusedValueError

_FOOTNOTE: Final = re.compile(r"\[[^\]]*\]")
_NOWHERE: Final = frozenset({"none", "n/a", "-"})

_STATES: Final = {
    division.name.casefold(): str(division.name) for division in pycountry.subdivisions if division.country_code == "US"
}
_STATES["d.c."] = _STATES["washington, d.c."] = _STATES["district of columbia"]

# Two letters are not taken: DE is Germany and Delaware, CA is Canada and California.
_COUNTRIES: Final = {
    name.casefold(): country.alpha_2
    for country in pycountry.countries
    for attribute in ("name", "common_name", "official_name")
    if (name := getattr(country, attribute, None))
} | {"uk": "GB", "u.k.": "GB", "usa": "US", "u.s.": "US", "the netherlands": "NL", "russia": "RU", "turkey": "TR"}


@dataclass(frozen=True, slots=True)
class Headquarters:
    """A place.

    Attributes:
        city: without region and country.
        region: a state, county or the like.
        country: ISO 3166-1 alpha-2.
        left_out: further places that the text named.
    """

    city: str | None
    region: str | None
    country: str | None
    left_out: str | None = None


def read_headquarters(text: str) -> Headquarters:
    """Take a place apart. A state of the United States needs no country; footnotes such as ``[2]`` are dropped.

    Raises:
        RefusedValueError: its last part is neither a state nor a country.
    """
    places = [place for each in _FOOTNOTE.sub("", text).split(";") if (place := each.strip(" ,"))]
    if not places or places[0].casefold() in _NOWHERE:
        return Headquarters(None, None, None)
    *before, last = [part for each in places[0].split(",") if (part := " ".join(each.split()))]
    left_out = "; ".join(places[1:]) or None
    if last.casefold() in _STATES:
        return Headquarters(", ".join(before) or None, _STATES[last.casefold()], "US", left_out)
    if last.casefold() in _COUNTRIES:
        city, regions = (before[0], before[1:]) if before else (None, [])
        return Headquarters(city, ", ".join(regions) or None, _COUNTRIES[last.casefold()], left_out)
    message = "This ends with neither a state of the United States nor a country; write the name in full."
    raise RefusedValueError(message)
