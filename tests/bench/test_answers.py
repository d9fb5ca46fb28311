"""Speed is only worth comparing between servers that say the same to the same people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bench.answers import canonical
from bench.comparison import Comparison, DifferentAnswerError
from bench.contenders import asked_by_id
from bench.workloads import ANALYST, OWNER, WORKLOADS, Ask

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bench.contenders import Contender
    from bench.opening import Bench
    from bench.workloads import Workload


def workload(name: str) -> Workload:
    return next(each for each in WORKLOADS if each.name == name)


def company_as_seen_by(contender: Contender, bench: Bench, member: str) -> Mapping[str, object]:
    asks = workload("Q1").asks(contender.dialect, bench.dataset, lambda *_: {})
    ask = next(ask for ask in asks if ask.member == member)
    company = canonical(contender.read(contender.answer(ask)))
    assert isinstance(company, dict)
    return company


async def test_every_server_answers_every_workload_with_the_same_data(
    bench: Bench, fieldgate: Contender, peers: list[Contender]
) -> None:
    answers = await Comparison(bench, [fieldgate, asked_by_id(fieldgate), *peers], None).verify(WORKLOADS)
    assert {path.split("/")[1] for path in answers} == {each.name for each in WORKLOADS}


def test_a_request_by_id_is_the_same_but_for_the_text(bench: Bench, fieldgate: Contender) -> None:
    ask = workload("Q1").asks(fieldgate.dialect, bench.dataset, lambda *_: {})[0]
    by_id = ask.by_document_id()
    assert b"query" not in by_id.body
    assert fieldgate.answer(by_id) == fieldgate.answer(ask)


def test_every_server_hides_the_same_columns_from_the_same_role(
    bench: Bench, fieldgate: Contender, peers: list[Contender]
) -> None:
    for contender in (fieldgate, *peers):
        by_owner = company_as_seen_by(contender, bench, OWNER)
        by_analyst = company_as_seen_by(contender, bench, ANALYST)
        hidden = {name for name in by_owner if by_owner[name] != by_analyst[name]}
        assert hidden == {"taxId", "creditLimit"}, contender.name
        assert by_analyst["taxId"] is None


async def test_servers_that_differ_are_not_compared(
    bench: Bench, fieldgate: Contender, peers: list[Contender], monkeypatch: pytest.MonkeyPatch
) -> None:
    peer = peers[0]
    # Asks as the owner whoever is meant: the analyst's answers then hold what Fieldgate's do not.
    monkeypatch.setattr(peer, "tokens", dict.fromkeys(peer.tokens, peer.tokens[OWNER]))
    with pytest.raises(DifferentAnswerError, match="Q1"):
        await Comparison(bench, [fieldgate, peer], None).verify([workload("Q1")])


async def test_page_forty_is_another_page_than_the_first(bench: Bench, fieldgate: Contender) -> None:
    def answer(member: str, body: bytes) -> Mapping[str, object]:
        return fieldgate.read(fieldgate.answer(Ask(member, body)))

    pages = []
    for name in ("Q7-first", "Q7"):
        ask = workload(name).asks(fieldgate.dialect, bench.dataset, answer)[0]
        found = canonical(fieldgate.read(fieldgate.answer(ask)))
        assert isinstance(found, dict)
        pages.append(found["companies"])
    first, fortieth = pages
    assert len(first) == len(fortieth) == 50
    assert first[-1]["name"] < fortieth[0]["name"]
