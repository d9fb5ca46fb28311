"""Row O22: a provider changes its keys. The new one is believed at once, the old one not for long."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from auth.sso import provider_keys
from auth.sso.refusal import Refusal, SignInRefusedError
from tests.auth.provider_double import ProviderDouble, SignIn, ec_key, public, signed

if TYPE_CHECKING:
    import pytest
    from joserfc.jwk import Key


async def outcome(sign_in: SignIn) -> Refusal | None:
    try:
        await sign_in.run()
    except SignInRefusedError as refused:
        return refused.reason
    return None


def signs_with(double: ProviderDouble, key: Key, kid: str) -> None:
    double.id_token = lambda header, claims: signed(header | {"kid": kid}, claims, key, "ES256")


async def test_o22_a_new_key_is_believed_without_waiting() -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    assert await outcome(sign_in) is None
    new = ec_key()
    double.keys = [public(double.key, kid="key-1"), public(new, kid="key-2")]
    signs_with(double, new, "key-2")
    assert await outcome(sign_in) is None
    assert double.requests["jwks"] == 2


async def test_o22_a_key_that_was_withdrawn_is_refused_when_its_time_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_keys, "KEYS_SECONDS", 0.3)
    double = ProviderDouble()
    sign_in = SignIn(double)
    assert await outcome(sign_in) is None
    old, double.keys = double.key, [public(ec_key(), kid="key-2")]
    signs_with(double, old, "key-1")
    assert await outcome(sign_in) is None, "kept for a while, so that a provider out of reach does no harm"
    await asyncio.sleep(0.4)
    assert await outcome(sign_in) is Refusal.ID_TOKEN_KEY


async def test_o22_a_withdrawn_key_goes_with_the_first_token_of_the_new_one() -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    assert await outcome(sign_in) is None
    old, new = double.key, ec_key()
    double.keys = [public(new, kid="key-2")]
    signs_with(double, new, "key-2")
    assert await outcome(sign_in) is None
    signs_with(double, old, "key-1")
    assert await outcome(sign_in) is Refusal.ID_TOKEN_KEY


async def test_o22_tokens_of_unknown_keys_do_not_make_us_ask_each_time() -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    assert await outcome(sign_in) is None
    for number in range(20):
        signs_with(double, ec_key(), f"unknown-{number}")
        assert await outcome(sign_in) is Refusal.ID_TOKEN_KEY
    assert double.requests["jwks"] == 2


async def test_o22_after_a_while_an_unknown_key_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_keys, "REFETCH_SECONDS", 0.2)
    double = ProviderDouble()
    sign_in = SignIn(double)
    signs_with(double, ec_key(), "unknown")
    assert await outcome(sign_in) is Refusal.ID_TOKEN_KEY
    await asyncio.sleep(0.3)
    new = ec_key()
    double.keys = [public(new, kid="key-2")]
    signs_with(double, new, "key-2")
    assert await outcome(sign_in) is None


async def test_o22_no_second_key_of_the_old_name_is_taken() -> None:
    double = ProviderDouble()
    sign_in = SignIn(double)
    assert await outcome(sign_in) is None
    signs_with(double, ec_key(), "key-1")
    assert await outcome(sign_in) is Refusal.ID_TOKEN_SIGNATURE
