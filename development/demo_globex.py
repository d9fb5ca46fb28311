"""Globex, the smaller tenant of the demo. Its people and companies are made up."""

from __future__ import annotations

from typing import Final

from development.demo_tenant import DemoCompany, DemoMember, DemoTenant
from models.tenant import CompanyStatus

GLOBEX: Final = DemoTenant(
    slug="globex",
    name="Globex Corporation",
    units=(
        ("Globex", None),
        ("Europe", "Globex"),
        ("Nordics", "Europe"),
        ("Benelux", "Europe"),
        ("Asia Pacific", "Globex"),
    ),
    members=(
        DemoMember("owner", "Oskar Lindqvist", "Globex", "owner"),
        DemoMember("analyst", "Amina de Vries", "Benelux", "analyst", "Europe"),
        DemoMember("approver", "Akira Tanaka", "Asia Pacific", "approver"),
        DemoMember("auditor", "Astrid Holm", "Globex", "auditor"),
    ),
    companies=(
        DemoCompany(
            "Nordics",
            "Fjordkraft Tekniikka",
            ("Satamakatu 4", "00160", "Helsinki", "Uusimaa", "FI"),
            "Industrials",
            "Electrical Components & Equipment",
            1968,
        ),
        DemoCompany(
            "Nordics",
            "Lillehavn Seafood",
            ("Bryggen 21", "5003", "Bergen", "Vestland", "NO"),
            "Consumer Staples",
            "Packaged Foods",
            1932,
            CompanyStatus.ONBOARDING,
        ),
        DemoCompany(
            "Nordics",
            "Øresund Design",
            ("Havnegade 9", "1058", "København", "Hovedstaden", "DK"),
            "Consumer Discretionary",
            "Home Furnishings",
            1959,
        ),
        DemoCompany(
            "Nordics",
            "Vättern Papper",
            ("Bruksgatan 2", "553 16", "Jönköping", "Jönköpings län", "SE"),
            "Materials",
            "Paper Products",
            1894,
            CompanyStatus.PROSPECT,
        ),
        DemoCompany(
            "Benelux",
            "Polder Greenhouses",
            ("Kassenweg 31", "2671 AB", "Naaldwijk", "Zuid-Holland", "NL"),
            "Consumer Staples",
            "Agricultural Products",
            1977,
        ),
        DemoCompany(
            "Benelux",
            "Polder Logistics",
            ("Kassenweg 33", "2671 AB", "Naaldwijk", "Zuid-Holland", "NL"),
            "Industrials",
            "Air Freight & Logistics",
            2003,
            parent="Polder Greenhouses",
        ),
        DemoCompany(
            "Benelux",
            "Brabo Diamonds",
            ("Slijperstraat 8", "2018", "Antwerpen", "Vlaanderen", "BE"),
            "Consumer Discretionary",
            "Apparel, Accessories & Luxury Goods",
            1911,
            CompanyStatus.ONBOARDING,
        ),
        DemoCompany(
            "Asia Pacific",
            "Merlion Semiconductors",
            ("5 Wafer Drive", "738099", "Singapore", None, "SG"),
            "Information Technology",
            "Semiconductors",
            1996,
        ),
        DemoCompany(
            "Asia Pacific",
            "Hoshizora Games",
            ("3-7 Kitahama", "541-0041", "Osaka", "Osaka", "JP"),
            "Communication Services",
            "Interactive Home Entertainment",
            2005,
            CompanyStatus.ONBOARDING,
        ),
        DemoCompany(
            "Asia Pacific",
            "Southern Cross Wool",
            ("18 Shearer Street", "8011", "Christchurch", "Canterbury", "NZ"),
            "Materials",
            "Textiles",
            1882,
            CompanyStatus.SUSPENDED,
        ),
    ),
)
