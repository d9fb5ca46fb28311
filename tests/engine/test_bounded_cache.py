from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from engine.bounded_cache import BoundedCache
from engine.engine import Engine
from tests.oracle.asking import ask
from tests.oracle.personas import personas

if TYPE_CHECKING:
    import strawberry

    from settings import Settings
    from tests.oracle.tenant_rows import TenantRows

# Keys are few, so that they come again; a value is its own weight.
steps = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(1, 8)), max_size=60)


@given(steps, st.integers(8, 20))
def test_what_was_used_longest_ago_is_forgotten_when_it_weighs_too_much(
    taken: list[tuple[int, int | None]], capacity: int
) -> None:
    cache: BoundedCache[int, int] = BoundedCache(capacity, lambda weight: weight)
    model: dict[int, int] = {}
    for key, weight in taken:
        if weight is None:
            assert cache.get(key) == model.get(key)
            if key in model:
                model[key] = model.pop(key)
        else:
            cache.set(key, weight)
            model.pop(key, None)
            model[key] = weight
            while sum(model.values()) > capacity:
                del model[next(iter(model))]
        assert (len(cache), cache.weight) == (len(model), sum(model.values()))


def test_what_weighs_more_than_everything_may_is_not_kept() -> None:
    cache: BoundedCache[str, int] = BoundedCache(10, lambda weight: weight)
    cache.set("small", 4)
    cache.set("large", 11)
    assert (cache.get("large"), cache.get("small"), cache.weight) == (None, 4, 4)
    cache.set("small", 11)
    assert (cache.get("small"), len(cache), cache.weight) == (None, 0, 0)


async def test_a_flood_of_large_documents_does_not_fill_the_memory(
    schema: strawberry.Schema, settings: Settings, northwind: TenantRows
) -> None:
    """A member may send as many as they like: each is valid, and none is like another."""
    aliases = " ".join(
        f"a{n}: contacts(first: 1) {{ nodes {{ id fullName email company {{ name }} }} }}" for n in range(28)
    )
    with patch("engine.engine._KILOBYTES", 3_000), patch("engine.engine._CHARACTERS", 20_000):
        flooded = Engine(schema, settings)
    for number in range(60):
        document = f"query Q{number} {{ companies(first: 1) {{ nodes {{ {aliases} }} }} }}"
        await ask(flooded, personas(northwind)["owner"], document)
        for cache in (flooded._operations, flooded._decided, flooded._recent, flooded._names):  # noqa: SLF001 - what is bounded
            assert cache.weight <= 3_000
            assert len(cache) < 30


async def test_a_document_that_is_too_long_to_be_kept_pushes_nothing_out(
    schema: strawberry.Schema, settings: Settings, northwind: TenantRows
) -> None:
    fresh, owner = Engine(schema, settings), personas(northwind)["owner"]
    await ask(fresh, owner, "{ roles(first: 1) { totalCount } }")
    asked = await ask(fresh, owner, "{ roles(first: 1) { nodes { key } } } #" + "x" * 100_000)
    assert asked.errors == ()
    for cache in (fresh._operations, fresh._decided, fresh._recent, fresh._names):  # noqa: SLF001 - what is bounded
        assert len(cache) == 1
