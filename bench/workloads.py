"""What is asked: for each workload, the requests that every server is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import orjson

from bench import documents
from bench.dataset import sector_of
from bench.documents import PAGE_SIZE, Dialect
from resolvers.global_ids import encode
from server.operations.identifier import digest_of, identifier_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from bench.dataset import Dataset

CONNECTIONS: Final = 16
# One company would be in every cache there is.
_DIFFERENT_COMPANIES: Final = 64
DEEP_PAGE: Final = 40
_NUMBER: Final = 77_777_777

OWNER, ANALYST, REGIONAL = "owner", "analyst", "regional"
EVERYWHERE: Final = (OWNER, ANALYST)


@dataclass(frozen=True, slots=True)
class Ask:
    """One request, but for the address and the token.

    Attributes:
        member: who asks.
        body: JSON of the request.
        changes: the company that it changes; then ``body`` holds a number, in place of which the version goes.
    """

    member: str
    body: bytes
    changes: UUID | None = None

    def around_the_number(self) -> tuple[bytes, bytes]:
        """What comes before and after the version."""
        before, _, after = self.body.partition(str(_NUMBER).encode())
        return before, after

    def with_version(self, version: int) -> bytes:
        """The body that changes this version; as long as any other."""
        before, after = self.around_the_number()
        return b"%b%8d%b" % (before, version, after)

    def by_document_id(self) -> Ask:
        """The same request, with the id of its document in place of the text."""
        payload = orjson.loads(self.body)
        identifier = document_id(payload.pop("query"))
        return replace(self, body=orjson.dumps({**payload, "documentId": identifier}))


def document_id(text: str) -> str:
    """What a document is published as."""
    return identifier_of(digest_of(text))


# Answers a body as a member, so that a workload can follow cursors: (member, body) to the answer's ``data``.
Answer = Callable[[str, bytes], "Mapping[str, object]"]


@dataclass(frozen=True, slots=True)
class Workload:
    """A kind of request.

    Attributes:
        name: what it is called in the results.
        title: what it is.
        asks: the requests to a server of a dialect, in turn; ``Answer`` is that server's.
    """

    name: str
    title: str
    asks: Callable[[Dialect, Dataset, Answer], Sequence[Ask]] = field(compare=False)


def asked_by(workload: Workload, member: str) -> Workload:
    """The part of a workload that one member asks."""
    return Workload(
        f"{workload.name}-{member}",
        f"{workload.title}, asked by {member}",
        lambda dialect, dataset, answer: [
            ask for ask in workload.asks(dialect, dataset, answer) if ask.member == member
        ],
    )


def first_ask(workload: Workload, dataset: Dataset, member: str = OWNER) -> Ask:
    """The first request of a workload that a member sends to Fieldgate; for workloads that follow no cursor."""
    return next(ask for ask in workload.asks(Dialect.FIELDGATE, dataset, lambda *_: {}) if ask.member == member)


def _body(document: str, **variables: object) -> bytes:
    return orjson.dumps({"query": document, "variables": variables})


def _key(dialect: Dialect, company: UUID) -> str:
    return encode(b"Company:", str(company)) if dialect is Dialect.FIELDGATE else str(company)


def _one(dialect: Dialect, dataset: Dataset, _answer: Answer) -> list[Ask]:
    return [
        Ask(member, _body(documents.one(dialect), id=_key(dialect, company)))
        for company in dataset.companies[:_DIFFERENT_COMPANIES]
        for member in EVERYWHERE
    ]


def _many(first: int) -> Callable[[Dialect, Dataset, Answer], list[Ask]]:
    def asks(dialect: Dialect, _dataset: Dataset, _answer: Answer) -> list[Ask]:
        return [Ask(member, _body(documents.many(dialect), first=first)) for member in EVERYWHERE]

    return asks


def _tree(*members: str) -> Callable[[Dialect, Dataset, Answer], list[Ask]]:
    def asks(dialect: Dialect, _dataset: Dataset, _answer: Answer) -> list[Ask]:
        return [Ask(member, _body(documents.tree(dialect))) for member in members]

    return asks


def _change(dialect: Dialect, dataset: Dataset, _answer: Answer) -> list[Ask]:
    """Each connection changes a company of its own, so nobody waits for a lock and no version is overtaken.

    They are among the last, which no other workload reads on its first pages, and keep their sector, so that the other
    answers stay as they are.
    """
    asks = []
    for number in range(len(dataset.companies) - CONNECTIONS, len(dataset.companies)):
        company = dataset.companies[number]
        values = {"id": _key(dialect, company), "version": _NUMBER, "sector": sector_of(number)}
        variables = {"input": values} if dialect is Dialect.FIELDGATE else values
        asks.append(Ask(EVERYWHERE[number % 2], _body(documents.change(dialect), **variables), changes=company))
    return asks


def _page(number: int) -> Callable[[Dialect, Dataset, Answer], list[Ask]]:
    def asks(dialect: Dialect, _dataset: Dataset, answer: Answer) -> list[Ask]:
        return [Ask(member, _body_of_page(dialect, number, member, answer)) for member in EVERYWHERE]

    return asks


def _body_of_page(dialect: Dialect, number: int, member: str, answer: Answer) -> bytes:
    document = documents.page(dialect)
    if dialect is Dialect.PLAIN:
        return _body(document, offset=PAGE_SIZE * (number - 1))
    after = None
    for _ in range(number - 1):
        companies = answer(member, _body(document, after=after))["companies"]
        after = companies["pageInfo"]["endCursor"]  # type: ignore[index] # JSON of the shape that the document asks for
    return _body(document, after=after)


WORKLOADS: Final = (
    Workload("Q1", "one company, 8 values", _one),
    Workload("Q2", "50 companies, 8 values each", _many(50)),
    Workload("Q3", "20 companies, each 5 contacts and 3 cases of 4 values", _tree(*EVERYWHERE)),
    Workload("Q4", "200 companies, 8 values each", _many(200)),
    Workload("Q5", "Q3 for a member whose role holds in 3 of 40 org units", _tree(REGIONAL)),
    Workload("Q6", "change one company, read it back", _change),
    Workload("Q7", f"page {DEEP_PAGE} of a filtered, ordered table, 50 companies, 8 values each", _page(DEEP_PAGE)),
    Workload("Q7-first", "the first page of the same", _page(1)),
)
