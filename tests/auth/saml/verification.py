"""Whether a response is taken under a policy, and if not, why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.response import verified_assertion
from tests.auth.saml.provider_double import CASES, NOW, Case, Words, text

if TYPE_CHECKING:
    from auth.sso.saml.assertion import VerifiedAssertion

every_case = pytest.mark.parametrize("case", CASES, ids=str)
PLAIN: Final = [case for case in CASES if not case.encrypted]
plain_case = pytest.mark.parametrize("case", PLAIN, ids=str)
ENCRYPTED: Final = [case for case in CASES if case.encrypted]


def taken(case: Case, raw: bytes, **changes: Any) -> VerifiedAssertion:
    return verified_assertion(raw, case.expectation(**changes), NOW)


def reason(case: Case, raw: bytes, **changes: Any) -> Refusal:
    with pytest.raises(SignInRefusedError) as refused:
        taken(case, raw, **changes)
    return refused.value.reason


def said(case: Case, **words: Any) -> Refusal:
    """Why a response that says this, honestly signed, is refused."""
    return reason(case, text(case.message(replace(Words(), **words))))
