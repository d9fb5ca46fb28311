"""Tokens of callers who act within bounds: what they say is believed in one form only, and only ever takes away."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from auth.acting import Acting, ActingKind, acting_claims, acting_of
from auth.grants import Grants
from auth.permissions import Permission
from auth.sessions.access_token import MAX_CHARACTERS, Subject, issue, verify
from tests.auth.tokens import MEMBER, PAIR, SESSION, SETTINGS, TENANT, believed, honest_claims, honest_header, sign

if TYPE_CHECKING:
    from collections.abc import Mapping

CLIENT = UUID("00000000-0000-7000-8000-000000000005")
ALL = frozenset(Permission)
CALLERS = [
    None,
    Acting(ActingKind.CLIENT, None, client_id=CLIENT),
    Acting(ActingKind.CLIENT, frozenset(), client_id=CLIENT),
    Acting(ActingKind.CLIENT, ALL, client_id=CLIENT),
    Acting(ActingKind.SUPPORT, frozenset({Permission.COMPANY_READ}), operator="operator@vendor.example"),
]


@pytest.mark.parametrize(
    "acting", CALLERS, ids=["nobody else", "client", "client of nothing", "client of all", "support"]
)
def test_what_a_token_says_of_its_caller_is_what_was_put_in(acting: Acting | None) -> None:
    text = issue(SETTINGS, PAIR, Subject(TENANT, MEMBER, SESSION, 1, acting))
    assert verify(SETTINGS, text, PAIR.private).subject.acting == acting
    assert acting_of(acting_claims(acting)) == acting
    assert len(text) < MAX_CHARACTERS


def test_a_token_can_be_shorter_lived_and_never_longer() -> None:
    for seconds, lifetime in ((20, 20), (3600, SETTINGS.access_token_seconds)):
        token = verify(
            SETTINGS, issue(SETTINGS, PAIR, Subject(TENANT, MEMBER, SESSION, 1), seconds=seconds), PAIR.private
        )
        assert token.expires_at - token.issued_at == lifetime


@pytest.mark.parametrize(
    "claims",
    [
        {"client_id": ""},
        {"client_id": None},
        {"client_id": 7},
        {"client_id": "x"},
        {"client_id": str(CLIENT).upper() + "A"},
        {"client_id": f"{{{CLIENT}}}"},
        {"client_id": str(CLIENT), "scope": None},
        {"client_id": str(CLIENT), "scope": ["company:read"]},
        {"client_id": str(CLIENT), "act": {"sub": "operator@vendor.example"}},
        {"scope": "company:read"},
        {"act": {"sub": "operator@vendor.example"}},
        {"act": {"sub": ""}, "scope": "company:read"},
        {"act": {"sub": 7}, "scope": "company:read"},
        {"act": {"sub": "x" * 321}, "scope": "company:read"},
        {"act": {"sub": "x", "act": {"sub": "y"}}, "scope": "company:read"},
        {"act": "operator@vendor.example", "scope": "company:read"},
        {"act": None, "scope": "company:read"},
    ],
    ids=repr,
)
def test_j4_claims_of_a_caller_in_any_other_form_are_refused(claims: Mapping[str, object]) -> None:
    assert not believed(sign(honest_header(), honest_claims() | dict(claims)))


def test_a_scope_that_this_release_does_not_know_grants_nothing() -> None:
    acting = acting_of({"client_id": str(CLIENT), "scope": "company:read company:fly * "})
    assert acting is not None
    assert acting.scope == frozenset({Permission.COMPANY_READ})


def test_a_scope_takes_away_and_never_adds() -> None:
    unit = uuid4()
    grants = Grants(
        everywhere=frozenset({Permission.COMPANY_READ, Permission.CONTACT_READ}),
        in_units={Permission.COMPANY_WRITE: frozenset({unit}), Permission.MEMBER_READ: frozenset({unit})},
    )
    scope = frozenset({Permission.COMPANY_READ, Permission.COMPANY_WRITE, Permission.COMPANY_READ_TAX})
    narrowed = grants.narrowed(scope)
    assert narrowed.everywhere == {Permission.COMPANY_READ}
    assert narrowed.in_units == {Permission.COMPANY_WRITE: frozenset({unit})}
    assert grants.narrowed(ALL) == grants
    assert grants.narrowed(frozenset()) == Grants(frozenset(), {})
