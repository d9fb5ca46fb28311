"""What is published stays what it was: all or none, one text for an id for ever, and each act written down."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

import pytest
from tortoise.exceptions import IntegrityError

from models.shared import Operation, OperationEvent
from server.operations import registry
from server.operations.registry import Publication, RegistryError, publish, retire
from tests.server.operations.forgetting import forget_operations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tenancy.database import Database

ONE, TWO, THREE = (f"query {name} {{ __typename }}" for name in ("One", "Two", "Three"))
HASH = f"sha256:{hashlib.sha256(ONE.encode()).hexdigest()}"


@pytest.fixture(autouse=True)
async def empty(database: Database) -> AsyncIterator[None]:
    del database
    await forget_operations()
    yield
    await forget_operations()


async def in_service() -> dict[str, str]:
    return {each.identifier: each.text for each in await Operation.filter(retired_at=None)}


async def acts(identifier: str) -> list[str]:
    events = await OperationEvent.filter(operation__identifier=identifier).order_by("at")
    return [each.action.value for each in events]


async def test_a_manifest_may_be_published_again_and_again() -> None:
    assert await publish({"1": ONE, "2": TWO}) == Publication(published=2)
    assert await publish({"2": TWO, "3": THREE}) == Publication(published=1, unchanged=1)
    assert await in_service() == {"1": ONE, "2": TWO, "3": THREE}
    assert await acts("2") == ["publish"]


async def test_an_id_never_comes_to_mean_another_text_and_then_nothing_is_published() -> None:
    await publish({"1": ONE})
    await retire(["1"])
    with pytest.raises(RegistryError, match="another text already, and always will: 1"):
        await publish({"2": TWO, "1": THREE})
    assert await in_service() == {}


async def test_a_retired_document_can_come_back_as_it_was_and_each_act_is_written_down() -> None:
    await publish({"1": ONE})
    assert await retire(["1"]) == ["1"]
    assert await publish({"1": ONE, "2": TWO}) == Publication(published=1, republished=1)
    assert await in_service() == {"1": ONE, "2": TWO}
    assert await acts("1") == ["publish", "retire", "publish"]


@pytest.mark.parametrize("named", [HASH, "1", "one"])
async def test_a_document_stops_under_all_its_ids(named: str) -> None:
    await publish({"1": ONE, "one": ONE, "2": TWO})
    assert await retire([named]) == ["1", "one"]
    assert await in_service() == {"2": TWO}


@pytest.mark.parametrize("unknown", ["nobody", f"sha256:{'0' * 64}", "sha256:nothing", "sha256:"])
async def test_nothing_is_retired_where_one_is_not_in_service(unknown: str) -> None:
    await publish({"1": ONE})
    with pytest.raises(RegistryError, match="in service"):
        await retire(["1", unknown])
    assert await in_service() == {"1": ONE}
    assert await acts("1") == ["publish"]


async def test_there_is_a_bound_which_the_retired_do_not_count_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "MAXIMUM_OPERATIONS", 2)
    await publish({"1": ONE, "2": TWO})
    with pytest.raises(RegistryError, match="at most 2 documents"):
        await publish({"3": THREE})
    await retire(["1"])
    await publish({"3": THREE})
    monkeypatch.setattr(registry, "MAXIMUM_CHARACTERS", len(TWO + THREE))
    with pytest.raises(RegistryError, match="characters"):
        await publish({"1": ONE})
    assert await in_service() == {"2": TWO, "3": THREE}


async def test_two_who_publish_the_same_at_once_both_succeed() -> None:
    results = await asyncio.gather(*(publish({"1": ONE, "2": TWO}) for _ in range(2)))
    assert sorted(results, key=lambda each: each.published) == [Publication(unchanged=2), Publication(published=2)]


async def test_what_was_published_cannot_be_deleted_without_its_history() -> None:
    await publish({"1": ONE})
    with pytest.raises(IntegrityError):
        await Operation.all().delete()
