"""Reads that come together share a transaction, and nothing else: neither rows nor failures."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import asyncpg
import pytest

from tenancy.errors import NoTenantError, StaleAuthorizationError
from tenancy.reads import MOST_TOGETHER
from tenancy.scope import read_in_tenant, tenant_scope
from tests.tenancy.taking import DIVIDE, SLEEP, WHERE, Taking, ask, sent_together, settled, the_connection, written
from tests.tenancy.units import version_of

if TYPE_CHECKING:
    from tenancy.database import Database
    from tenancy.placement import TenantPlacement
    from tests.conftest import OpenWith


async def test_those_of_one_turn_go_in_one_write(
    one: Database, acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = await version_of(acme)
    await ask(acme, Taking(WHERE, "warm"), version=version)
    writes = written(await the_connection(one), monkeypatch)
    asked = [Taking(WHERE, str(number)) for number in range(5)]
    answers = await asyncio.gather(*(ask(acme, each, version=version) for each in asked))
    assert answers == [f"{acme.schema} {number}" for number in range(5)]
    assert len(writes) == 1
    assert [each.taken for each in asked] == [1] * 5


@pytest.mark.usefixtures("one")
async def test_no_more_than_so_many_share_one(acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch) -> None:
    version, groups = await version_of(acme), sent_together(monkeypatch)
    count = 2 * MOST_TOGETHER + 3
    answers = await asyncio.gather(*(ask(acme, Taking(WHERE, str(n)), version=version) for n in range(count)))
    assert answers == [f"{acme.schema} {number}" for number in range(count)]
    assert sorted(map(len, groups)) == [3, MOST_TOGETHER, MOST_TOGETHER]


async def test_tenants_and_versions_never_share(
    database: Database, acme: TenantPlacement, globex: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    del database
    versions = {each: await version_of(each) for each in (acme, globex)}
    later = replace(acme, schema_version=acme.schema_version + 1)
    outdated = Taking(WHERE, "outdated")
    groups = sent_together(monkeypatch)
    answers = await asyncio.gather(
        *(ask(place, Taking(WHERE, f"{n}"), version=versions[place]) for n in range(3) for place in (acme, globex)),
        ask(later, Taking(WHERE, "later"), version=versions[acme]),
        ask(acme, outdated, version=versions[acme] + 1),
        return_exceptions=True,
    )
    assert answers[:6] == [f"{place.schema} {number}" for number in range(3) for place in (acme, globex)]
    assert answers[6] == f"{acme.schema} later"
    assert isinstance(answers[7], StaleAuthorizationError)
    assert outdated.taken == 0
    assert sorted(map(len, groups)) == [1, 1, 3, 3]


@pytest.mark.usefixtures("one")
async def test_what_is_not_settled_goes_alone(acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch) -> None:
    version, groups = await version_of(acme), sent_together(monkeypatch)
    asked = [(Taking(WHERE, "a"),), (Taking(WHERE, "b"), Taking(WHERE, "c", settled=False)), (Taking(WHERE, "d"),)]
    await asyncio.gather(*(ask(acme, *each, version=version) for each in asked))
    assert [each.value for group in asked for each in group] == [f"{acme.schema} {each}" for each in "abcd"]
    assert sorted(map(len, groups)) == [2, 2]


class Refusing(Taking):
    """Cannot make anything of its answer."""

    def take(self, answer: bytes, start: int) -> int:
        super().take(answer, start)
        message = "refused"
        raise ValueError(message)


FAILING: Final[dict[str, tuple[Taking, type[Exception]]]] = {
    "a value is refused": (Taking(DIVIDE, "0"), asyncpg.DivisionByZeroError),
    "a parameter is no number": (Taking(DIVIDE, "ten"), asyncpg.InvalidTextRepresentationError),
    "a character cannot be": (Taking(WHERE, "\0"), asyncpg.CharacterNotInRepertoireError),
    "it takes too long": (Taking(SLEEP, "5"), asyncpg.QueryCanceledError),
    "there is no such table": (Taking("SELECT id FROM nothing"), asyncpg.UndefinedTableError),
    "it writes": (Taking("DELETE FROM org_unit"), asyncpg.ReadOnlySQLTransactionError),
    "its answer is refused": (Refusing(WHERE, "x"), ValueError),
}


@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("failure", FAILING)
async def test_one_that_fails_fails_nobody_else(
    failure: str, place: int, open_with: OpenWith, acme: TenantPlacement, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with open_with(database_pool_size=2, statement_timeout_ms=100) as database:
        version, groups = await version_of(acme), sent_together(monkeypatch)
        failing, kind = FAILING[failure]
        for _ in range(2):
            asked = [Taking(WHERE, str(number)) for number in range(3)]
            together = [*asked[:place], failing, *asked[place:]]
            answers = await asyncio.gather(
                *(ask(acme, each, version=version) for each in together), return_exceptions=True
            )
            assert type(answers.pop(place)) is kind
            assert answers == [f"{acme.schema} {number}" for number in range(3)]
        assert [len(each) for each in groups] == [4, 1, 1, 1, 1] * 2
        await settled(database, 2)


@pytest.mark.usefixtures("one")
async def test_an_outdated_version_is_told_to_all_and_nothing_is_read(acme: TenantPlacement) -> None:
    version = await version_of(acme)
    for known in (version + 1, version + 1, version):
        asked = [Taking(WHERE, str(number)) for number in range(3)]
        answers = await asyncio.gather(*(ask(acme, each, version=known) for each in asked), return_exceptions=True)
        if known == version:
            assert answers == [f"{acme.schema} {number}" for number in range(3)]
        else:
            assert [type(each) for each in answers] == [StaleAuthorizationError] * 3
            assert [each.taken for each in asked] == [0] * 3


@pytest.mark.usefixtures("one")
async def test_a_tenant_that_is_gone_is_told(acme: TenantPlacement) -> None:
    version = await version_of(acme)
    gone = replace(acme, tenant_id=uuid4(), schema="t_0000000000000000", role="t_0000000000000000")
    for _ in range(2):
        answers = await asyncio.gather(
            *(ask(gone, Taking(WHERE, "x"), version=version) for _ in range(2)),
            ask(acme, Taking(WHERE, "there"), version=version),
            return_exceptions=True,
        )
        assert [type(each) for each in answers[:2]] == [NoTenantError] * 2
        assert answers[2] == f"{acme.schema} there"


async def test_a_scope_around_it_is_refused(acme: TenantPlacement) -> None:
    version = await version_of(acme)
    async with tenant_scope(acme, authorization_version=version, read_only=True):
        with pytest.raises(NoTenantError):
            await ask(acme, Taking(WHERE, "x"), version=version)


async def test_one_connection_does_for_three_tenants_at_once(
    one: Database, acme: TenantPlacement, globex: TenantPlacement, doomed: TenantPlacement
) -> None:
    versions = [(place, await version_of(place)) for place in (acme, globex, doomed)]
    for _ in range(3):
        asked = [(n, *versions[n % 3]) for n in range(40)]
        async with asyncio.timeout(20):
            answers = await asyncio.gather(*(ask(place, Taking(WHERE, f"{n}"), version=v) for n, place, v in asked))
        assert answers == [f"{place.schema} {number}" for number, place, _ in asked]
    await settled(one, 1)


async def test_a_table_may_change_its_shape(one: Database, doomed: TenantPlacement) -> None:
    version, everything = await version_of(doomed), "SELECT * FROM authorization_state"
    server = await asyncpg.connect(one.url)
    for number in range(3):
        # Once shared, once the tenant's own, and once again: by then it is prepared either way.
        for together in (1, 1, 1, 3):
            asked = [Taking(everything) for _ in range(together)]
            tasks = [read_in_tenant(doomed, [each], authorization_version=version) for each in asked]
            await asyncio.gather(*tasks)
            lengths = [len(each.rows[0]) for each in asked if each.rows]
            assert len(set(lengths)) == 1
            assert len(lengths) == together
            await server.execute(
                f'ALTER TABLE "{doomed.schema}".authorization_state ADD COLUMN more_{number}_{uuid4().hex[:8]} int'
            )
    await server.close()
    await settled(one, 1)
