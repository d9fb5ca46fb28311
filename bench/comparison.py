"""Everybody does the same, in turn: each round gives every server one run of every workload."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from bench.answers import canonical
from bench.contenders import BARE, FIELDGATE
from bench.generator import LoadError, generate, mixed, one_each
from bench.limit import PGBENCH, PGBENCH_PINNED
from bench.results import Measurement, median
from bench.workloads import Ask

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from bench.contenders import Contender
    from bench.generator import Span
    from bench.limit import Limit
    from bench.opening import Bench
    from bench.workloads import Workload

Measured = dict[str, dict[str, Measurement]]

_LIMITS: Final = {PGBENCH: False, PGBENCH_PINNED: True}


class DifferentAnswerError(RuntimeError):
    """Two servers do not say the same, so comparing their speed would mean nothing."""


class Comparison:
    """The servers and what they are asked.

    Args:
        bench: what it all stands on.
        contenders: Fieldgate first; what it answers is what the others have to.
        limit: runs pgbench; ``None`` leaves that out.
    """

    def __init__(self, bench: Bench, contenders: Sequence[Contender], limit: Limit | None) -> None:
        self._bench = bench
        self._contenders = list(contenders)
        self._limit = limit
        self._asks: dict[tuple[str, str], Sequence[Ask]] = {}
        self._hashes: dict[tuple[str, str], list[str]] = {}

    async def verify(self, workloads: Sequence[Workload]) -> dict[str, bytes]:
        """Ask everybody everything once.

        Returns:
            Fieldgate's answers, by the path under which the bare server keeps them.

        Raises:
            DifferentAnswerError: somebody says something else.
            ServerError: somebody refuses.
        """
        kept: dict[str, bytes] = {}
        await self.renew_tokens()
        for workload in workloads:
            expected: list[object] | None = None
            for contender in self._contenders:
                asks = self._asks_of(contender, workload)
                versions = [await self._version(ask) for ask in asks]
                answers = [
                    contender.answer(ask, version=version or 0) for ask, version in zip(asks, versions, strict=True)
                ]
                said = [canonical(contender.read(answer)) for answer in answers]
                if expected is None:
                    expected = said
                    kept |= {f"/{workload.name}/{number}": answer for number, answer in enumerate(answers)}
                elif said != expected:
                    message = f"{contender.name} answers {workload.name} differently"
                    raise DifferentAnswerError(message)
                if all(ask.changes is None for ask in asks):
                    self._hashes[contender.name, workload.name] = [hashlib.sha256(each).hexdigest() for each in answers]
        return kept

    def add_bare(self, bare: Contender) -> None:
        """Let the server take part that repeats Fieldgate's answers."""
        self._contenders.append(bare)

    async def run(
        self, workloads: Sequence[Workload], *, rounds: int, span: Span, tell: Callable[[str], None]
    ) -> Measured:
        """Measure; figures are medians of the rounds.

        Raises:
            LoadError: somebody answered with an error, or not as when it was asked first.
        """
        seen: defaultdict[tuple[str, str], list[Measurement]] = defaultdict(list)
        runners = [each.name for each in self._contenders] + (list(_LIMITS) if self._limit is not None else [])
        for number in range(rounds):
            # Another one begins each time, so that nobody always comes after the same neighbour.
            turn = runners[number % len(runners) :] + runners[: number % len(runners)]
            for workload in workloads:
                for name in turn:
                    tell(f"round {number + 1}, {workload.name}, {name}")
                    seen[workload.name, name].append(await self._one(name, workload, span))
        return {workload.name: {name: median(seen[workload.name, name]) for name in runners} for workload in workloads}

    async def _one(self, name: str, workload: Workload, span: Span) -> Measurement:
        if name in _LIMITS and self._limit is not None:
            pinned = _LIMITS[name]
            return await self._limit.measure(workload.name, pinned=pinned, span=span)
        contender = next(each for each in self._contenders if each.name == name)
        return await self.load(contender, workload, span)

    async def load(self, contender: Contender, workload: Workload, span: Span) -> Measurement:
        """One run of one workload against one server."""
        await self.renew_tokens()
        asks = self._asks_of(contender, workload)
        requests = [
            contender.encoded(ask, contender.path(workload.name, number), await self._version(ask))
            for number, ask in enumerate(asks)
        ]
        seen = await generate(
            requests,
            one_each(len(asks)) if asks[0].changes is not None else mixed(len(asks)),
            port=contender.server.port,
            server=contender.server.pid,
            backends=self._bench.backends,
            cores=self._bench.cores,
            span=span,
        )
        expected = self._hashes.get((contender.name, workload.name))
        if expected is not None and any(expected[number] != found for number, found in seen.answers.items()):
            message = f"{contender.name} answered {workload.name} otherwise under load"
            raise LoadError(message)
        if contender.name == BARE:
            return replace(seen.measurement, postgres_us=0.0)
        return seen.measurement

    async def renew_tokens(self) -> None:
        """Fieldgate's tokens are real and last minutes; each run gets new ones."""
        for contender in self._contenders:
            if contender.has_real_tokens:
                contender.tokens = await self._bench.tokens()

    def _asks_of(self, contender: Contender, workload: Workload) -> Sequence[Ask]:
        # The bare server is sent what Fieldgate is sent.
        name = FIELDGATE if contender.name == BARE else contender.name
        known = self._asks.get((name, workload.name))
        if known is None:
            known = workload.asks(contender.dialect, self._bench.dataset, _answer_of(contender))
            if contender.by_id:
                known = [ask.by_document_id() for ask in known]
            self._asks[name, workload.name] = known
        return known

    async def _version(self, ask: Ask) -> int | None:
        return None if ask.changes is None else await self._bench.version(ask.changes)


def _answer_of(contender: Contender) -> Callable[[str, bytes], Mapping[str, object]]:
    return lambda member, body: contender.read(contender.answer(Ask(member, body)))
