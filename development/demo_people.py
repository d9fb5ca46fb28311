"""The people at the demo's companies: names from two lists, numbers from ranges that are kept free for fiction."""

from __future__ import annotations

import unicodedata
from random import Random
from typing import Final

_FIRST_NAMES: Final = (
    *("Ada", "Bram", "Chiara", "Davi", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonas", "Kavya", "Liam"),
    *("Mei", "Noor", "Otto", "Priya", "Quinn", "Rosa", "Sami", "Tilda", "Uma", "Viktor", "Wren", "Yara"),
)
_LAST_NAMES: Final = (
    *("Abara", "Becker", "Costa", "Dietrich", "Eriksen", "Fontaine", "Gallagher", "Hofer", "Ivanova", "Jansen"),
    *("Keller", "Lindgren", "Moreau", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Steiner", "Takeda"),
)
_TITLES: Final = ("Chief Financial Officer", "Head of Procurement", "Accounts Payable", "Managing Director", None)
_MOST: Final = 3

# Ofcom, the Bundesnetzagentur and the North American Numbering Plan keep these for films and the like.
_PHONES: Final = {"GB": "+44 20 7946 0{:03}", "DE": "+49 30 23125 {:03}", "US": "+1 202 555 01{:02}"}


def contacts_of(company: str, country: str) -> list[dict[str, str | None]]:
    """Columns of the contacts of a company: one to three, the same every time."""
    random = Random(f"people of {company}")  # noqa: S311 - the same every time is what it is for
    contacts = []
    for _ in range(random.randint(1, _MOST)):
        first, last = random.choice(_FIRST_NAMES), random.choice(_LAST_NAMES)
        phone = _PHONES.get(country)
        contacts.append(
            {
                "full_name": f"{first} {last}",
                "job_title": random.choice(_TITLES),
                "email": f"{first}.{last}@{host_of(company)}".lower(),
                "phone": None if phone is None else phone.format(random.randint(10, 99)),
            }
        )
    return contacts


def host_of(company: str) -> str:
    """A host name under ``.example`` (RFC 2606), which nobody can have."""
    plain = unicodedata.normalize("NFKD", company.lower().replace("ø", "o")).encode("ascii", "ignore").decode()
    words = "".join(character if character.isalnum() else " " for character in plain).split()
    return f"{'-'.join(words)}.example"
