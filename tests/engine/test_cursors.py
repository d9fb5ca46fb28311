"""Cursors, for any value, key, tenant, member, field and order that there could be."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from engine.cursors import Cursors, InvalidCursorError, Position

if TYPE_CHECKING:
    from uuid import UUID

cursors = Cursors(b"k" * 32)
values = st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"]))
keys = st.uuids()
purposes = st.tuples(
    st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16), st.binary(), st.binary()
).map(list)


@given(purposes, values, keys)
def test_a_cursor_gives_back_the_position_that_it_was_made_of(purpose: list[bytes], value: str, key: UUID) -> None:
    cursor = cursors.encode(purpose, value, str(key))
    assume(len(cursor) <= 2_000)
    assert cursors.decode(purpose, cursor) == Position(value, key)
    assert cursors.encode(purpose, value, str(key)) == cursor


@given(purposes, values, keys, st.data())
def test_a_cursor_with_any_bit_changed_is_refused(
    purpose: list[bytes], value: str, key: UUID, data: st.DataObject
) -> None:
    cursor = cursors.encode(purpose, value, str(key))
    sealed = bytearray(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    place = data.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(InvalidCursorError):
        cursors.decode(purpose, urlsafe_b64encode(sealed).rstrip(b"=").decode())


@given(purposes, values, keys, st.text(min_size=1, max_size=3), st.data())
def test_a_cursor_with_anything_put_into_it_is_refused(
    purpose: list[bytes], value: str, key: UUID, more: str, data: st.DataObject
) -> None:
    cursor = cursors.encode(purpose, value, str(key))
    place = data.draw(st.integers(0, len(cursor)))
    with pytest.raises(InvalidCursorError):
        cursors.decode(purpose, cursor[:place] + more + cursor[place:])


@given(purposes, values, keys, st.data())
def test_a_cursor_with_anything_taken_out_of_it_is_refused(
    purpose: list[bytes], value: str, key: UUID, data: st.DataObject
) -> None:
    cursor = cursors.encode(purpose, value, str(key))
    place = data.draw(st.integers(0, len(cursor) - 1))
    with pytest.raises(InvalidCursorError):
        cursors.decode(purpose, cursor[:place] + cursor[place + 1 :])


@given(purposes, purposes, values, keys)
def test_a_cursor_is_good_for_nothing_else(purpose: list[bytes], other: list[bytes], value: str, key: UUID) -> None:
    assume(purpose != other)
    with pytest.raises(InvalidCursorError):
        cursors.decode(other, cursors.encode(purpose, value, str(key)))


@given(purposes, values, keys, st.integers(0, 3))
def test_every_part_of_what_a_cursor_is_for_counts_by_itself(
    purpose: list[bytes], value: str, key: UUID, part: int
) -> None:
    other = [each + b"x" if number == part else each for number, each in enumerate(purpose)]
    with pytest.raises(InvalidCursorError):
        cursors.decode(other, cursors.encode(purpose, value, str(key)))


@given(purposes, values, keys)
def test_what_moves_from_one_part_to_the_next_is_noticed(purpose: list[bytes], value: str, key: UUID) -> None:
    """The parts are authenticated one by one: joined, ``("ab", "c")`` would be as good as ``("a", "bc")``."""
    assume(purpose[2])
    other = [*purpose[:2], purpose[2][:-1], purpose[2][-1:] + purpose[3]]
    with pytest.raises(InvalidCursorError):
        cursors.decode(other, cursors.encode(purpose, value, str(key)))


@given(purposes, values, keys)
def test_another_server_key_refuses_a_cursor(purpose: list[bytes], value: str, key: UUID) -> None:
    with pytest.raises(InvalidCursorError):
        Cursors(b"l" * 32).decode(purpose, cursors.encode(purpose, value, str(key)))


@given(purposes, st.text())
def test_text_that_was_never_given_out_is_refused_and_nothing_worse(purpose: list[bytes], text: str) -> None:
    with pytest.raises(InvalidCursorError):
        cursors.decode(purpose, text)
