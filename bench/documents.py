"""The same questions in the words of each server. Keys of the answers are the same, by alias where it takes one."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


class Dialect(StrEnum):
    """How a server's schema is shaped."""

    FIELDGATE = "fieldgate"
    POSTGRAPHILE = "postgraphile"
    # Mercurius and Strawberry: a schema written by hand, with plain lists.
    PLAIN = "plain"


_EIGHT: Final[Mapping[Dialect, str]] = {
    Dialect.FIELDGATE: "id name legalName status sector foundedYear taxId financials { creditLimit }",
    Dialect.POSTGRAPHILE: "id: rowId name legalName status sector foundedYear taxId creditLimit",
    Dialect.PLAIN: "id name legalName status sector foundedYear taxId creditLimit",
}

_ONE: Final[Mapping[Dialect, str]] = {
    Dialect.FIELDGATE: "query One($id: ID!) { company(id: $id) { %s } }",
    Dialect.POSTGRAPHILE: "query One($id: UUID!) { company: companyByRowId(rowId: $id) { %s } }",
    Dialect.PLAIN: "query One($id: ID!) { company(id: $id) { %s } }",
}

_LIST: Final[Mapping[Dialect, str]] = {
    Dialect.FIELDGATE: "query Many($first: Int!) { companies(first: $first) { nodes { %s } } }",
    Dialect.POSTGRAPHILE: "query Many($first: Int!) { companies: allCompanies(first: $first) { nodes { %s } } }",
    Dialect.PLAIN: "query Many($first: Int!) { companies(first: $first) { %s } }",
}

_TREE: Final[Mapping[Dialect, str]] = {
    Dialect.FIELDGATE: """query Tree { companies(first: 20) { nodes { id name status taxId
      contacts(first: 5) { nodes { id fullName jobTitle email } }
      onboardingCases(first: 3) { nodes { id title state dueOn } } } } }""",
    Dialect.POSTGRAPHILE: """query Tree { companies: allCompanies(first: 20) { nodes { id: rowId name status taxId
      contacts: contactsByCompanyId(first: 5) { nodes { id: rowId fullName jobTitle email } }
      onboardingCases: onboardingCasesByCompanyId(first: 3) { nodes { id: rowId title state dueOn } } } } }""",
    Dialect.PLAIN: """query Tree { companies(first: 20) { id name status taxId
      contacts(first: 5) { id fullName jobTitle email }
      onboardingCases(first: 3) { id title state dueOn } } }""",
}

_CHANGE: Final[Mapping[Dialect, str]] = {
    Dialect.FIELDGATE: """mutation Change($input: CompanyUpdateInput!) {
      companyUpdate(input: $input) { company { %s version } userErrors { code field message } } }""",
    Dialect.POSTGRAPHILE: """mutation Change($id: UUID!, $version: Int!, $sector: String!) {
      companyUpdate: changeCompany(input: {id: $id, version: $version, sector: $sector}) {
        company: result { %s version } } }""",
    Dialect.PLAIN: """mutation Change($id: ID!, $version: Int!, $sector: String!) {
      companyUpdate(id: $id, version: $version, sector: $sector) { %s version } }""",
}

_PAGE: Final[Mapping[Dialect, str]] = {
    Dialect.FIELDGATE: """query Page($after: String) {
      companies(first: 50, after: $after, filter: {status: {equals: ACTIVE}}, orderBy: {field: NAME, direction: ASC}) {
        nodes { %s } pageInfo { hasNextPage endCursor } } }""",
    Dialect.POSTGRAPHILE: """query Page($after: Cursor) {
      companies: allCompanies(first: 50, after: $after, condition: {status: "ACTIVE"}, orderBy: [NAME_ASC]) {
        nodes { %s } pageInfo { hasNextPage endCursor } } }""",
    Dialect.PLAIN: """query Page($offset: Int) {
      companies(first: 50, offset: $offset, status: "ACTIVE", byName: true) { %s } }""",
}

PAGE_SIZE: Final = 50


def all_of(dialect: Dialect) -> list[str]:
    """Everything that a server is asked."""
    return [each(dialect) for each in (one, many, tree, change, page)]


def one(dialect: Dialect) -> str:
    """One company by id, eight values."""
    return _ONE[dialect] % _EIGHT[dialect]


def many(dialect: Dialect) -> str:
    """The first companies, eight values each."""
    return _LIST[dialect] % _EIGHT[dialect]


def tree(dialect: Dialect) -> str:
    """Twenty companies with five contacts and three cases each."""
    return _TREE[dialect]


def change(dialect: Dialect) -> str:
    """Change one value of one company, unless somebody else has changed it since."""
    return _CHANGE[dialect] % _EIGHT[dialect]


def page(dialect: Dialect) -> str:
    """A page of fifty active companies in the order of their names."""
    return _PAGE[dialect] % _EIGHT[dialect]
