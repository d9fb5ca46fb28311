"""Grants that nobody would think of."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from auth.grants import Grants
from auth.permissions import Permission
from models.tenant import OrgUnit

if TYPE_CHECKING:
    from random import Random

    from tests.oracle.tenant_rows import TenantRows


def random_grants(random: Random, rows: TenantRows) -> Grants:
    """Each permission everywhere, in some units, or nowhere; in one of three, most are held."""
    everywhere_up_to, some_up_to = random.choice([(0.2, 0.6), (0.5, 0.8), (0.1, 0.95)])
    everywhere, in_units = set(), {}
    names = [row["name"] for row in rows.tables[OrgUnit]]
    for permission in Permission:
        chance = random.random()
        if chance < everywhere_up_to:
            everywhere.add(permission)
        elif chance < some_up_to:
            in_units[permission] = _units(random, rows, names)
    return Grants(frozenset(everywhere), in_units)


def _units(random: Random, rows: TenantRows, names: list[str]) -> frozenset[UUID]:
    kind = random.random()
    if kind < 0.6:
        return frozenset().union(*(rows.units_below(name) for name in random.sample(names[1:], k=2)))
    if kind < 0.9:
        return frozenset(row["id"] for row in rows.tables[OrgUnit] if random.random() < 0.5)
    # A unit of somewhere else, which holds nothing here.
    return frozenset({UUID(int=random.getrandbits(128))})
