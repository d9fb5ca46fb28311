"""Grants, held against what their words mean: for each permission, the units in which it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from auth.grants import Grants, GrantState
from auth.permissions import PUBLIC, Permission
from tests.oracle.personas import NO_GRANTS

if TYPE_CHECKING:
    from auth.permissions import Requirement

UNITS: Final = [UUID(int=number) for number in range(1, 6)]
ELSEWHERE: Final = UUID(int=99)

permissions = st.sampled_from([*Permission][:6])
requirements = permissions | st.just(PUBLIC)
units = st.frozensets(st.sampled_from(UNITS))
all_grants = st.builds(
    Grants, everywhere=st.frozensets(permissions), in_units=st.dictionaries(permissions, units, max_size=6)
)


def held_in(grants: Grants, requirement: Requirement) -> set[UUID]:
    """The units, of all there are and one that is none of them, in which a permission holds: the plain definition."""
    if requirement == PUBLIC or requirement in grants.everywhere:
        return {*UNITS, ELSEWHERE}
    return set(grants.in_units.get(requirement, ()))


@given(all_grants, requirements)
def test_the_state_says_where_a_permission_holds(grants: Grants, requirement: Requirement) -> None:
    held = held_in(grants, requirement)
    within = GrantState.SOME_UNITS if held else GrantState.NOWHERE
    assert grants.state(requirement) is (GrantState.EVERYWHERE if ELSEWHERE in held else within)


@given(all_grants, requirements, st.sampled_from([*UNITS, ELSEWHERE]))
def test_a_permission_is_allowed_in_the_units_where_it_holds(
    grants: Grants, requirement: Requirement, unit: UUID
) -> None:
    assert grants.allows(requirement, unit) is (unit in held_in(grants, requirement))


@given(all_grants, requirements)
def test_what_belongs_to_no_unit_needs_a_permission_everywhere(grants: Grants, requirement: Requirement) -> None:
    assert grants.allows(requirement, None) is (grants.state(requirement) is GrantState.EVERYWHERE)


@given(all_grants, requirements, requirements)
def test_one_permission_covers_another_where_it_holds_in_all_of_its_units(
    grants: Grants, requirement: Requirement, other: Requirement
) -> None:
    assert grants.covers(requirement, other) is (held_in(grants, other) <= held_in(grants, requirement))


@given(all_grants, requirements, requirements, requirements)
def test_covering_is_an_order(grants: Grants, one: Requirement, two: Requirement, three: Requirement) -> None:
    assert grants.covers(one, one)
    assert grants.covers(PUBLIC, one)
    if grants.covers(one, two) and grants.covers(two, three):
        assert grants.covers(one, three)


@given(all_grants, all_grants, requirements, st.sampled_from(UNITS))
def test_more_grants_never_take_anything_away(
    grants: Grants, more: Grants, requirement: Requirement, unit: UUID
) -> None:
    both = Grants(
        grants.everywhere | more.everywhere,
        {
            each: grants.in_units.get(each, frozenset()) | more.in_units.get(each, frozenset())
            for each in {*grants.in_units, *more.in_units}
        },
    )
    if grants.allows(requirement, unit):
        assert both.allows(requirement, unit)


@given(all_grants)
def test_a_cache_gives_back_what_it_was_given(grants: Grants) -> None:
    assert Grants.from_json(grants.to_json()) == grants


@given(st.text())
def test_what_is_not_listed_is_not_granted(name: str) -> None:
    for permission in Permission:
        assert NO_GRANTS.state(permission) is GrantState.NOWHERE
        assert not NO_GRANTS.allows(permission, ELSEWHERE)
        assert not NO_GRANTS.allows(permission, None)
    unknown = Grants.from_json({"everywhere": [name], "in_units": {name: [str(ELSEWHERE)]}})
    assert unknown == NO_GRANTS or name in {*Permission}
