"""Many verifications at once, and ten thousand mutated documents."""

from __future__ import annotations

import asyncio
import random
import resource
import tempfile
import time
from typing import TYPE_CHECKING, Final

import pytest

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.response import verified_assertion
from auth.sso.saml.verifications import Verifications
from tests.auth.saml.provider_double import CASES, NOW, Case, text

if TYPE_CHECKING:
    from pathlib import Path

MUTATIONS: Final = 10_000
# One pass over a tenth fills every cache and pool of the libraries; after it the rest may add no more than this.
GROWTH_KILOBYTES: Final = 30_000
HELD_SECONDS: Final = 0.05
AT_ONCE: Final = 50
ROUNDS: Final = 3

FRAGMENTS: Final = (
    *(b"<", b">", b"&", b"&#0;", b"&x;", b"&#x110000;", b"<!--", b"<!DOCTYPE a>", b"<?x?>", b"]]>", b"\x00", b"\xff"),
    *(b"ID=", b"xmlns:a=''", b"<saml:Assertion>", b"</saml:Assertion>", b"9" * 400, b"\xc0\x80"),
    b"<saml:NameID>admin</saml:NameID>",
)


def mutated(raw: bytes, chance: random.Random) -> bytes:
    """Somewhere in it something else: a byte, a fragment, a piece less, a piece twice, or a piece moved."""
    begin, end = sorted(chance.randrange(len(raw)) for _ in range(2))
    end = min(end, begin + 200)
    piece = raw[begin:end]
    return chance.choice((
        raw[:begin] + bytes([chance.randrange(256)]) + raw[begin + 1 :],
        raw[:begin] + chance.choice(FRAGMENTS) + raw[begin:],
        raw[:begin] + raw[end:],
        raw[:begin] + piece + raw[begin:],
        raw[end:] + piece + raw[:begin],
    ))  # fmt: skip


def test_ten_thousand_mutated_documents_are_refused_or_say_what_they_said_before() -> None:
    chance = random.Random(4)  # noqa: S311 - the same documents every time
    messages = [(case, text(case.message()), case.expectation()) for case in CASES]
    refused, before = 0, 0
    for number in range(MUTATIONS):
        case, raw, expected = messages[number % len(messages)]
        try:
            found = verified_assertion(mutated(raw, chance), expected, NOW)
        except SignInRefusedError:
            refused += 1
        else:
            # White space between attributes, or a letter of what nobody has signed, changes nothing that counts.
            assert found.name.value == "ada", case
        if number == MUTATIONS // 10:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert refused > MUTATIONS * 0.9
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GROWTH_KILOBYTES


async def longest_hold(done: asyncio.Event) -> float:
    """For how long the event loop did not get round to something that wanted to run, at worst."""
    longest = 0.0
    while not done.is_set():
        began = time.perf_counter()
        await asyncio.sleep(0.001)
        longest = max(longest, time.perf_counter() - began)
    return longest


async def test_fifty_at_once_do_not_hold_the_event_loop_and_leave_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    case = Case("both", encrypted=True)
    raws, expected = [text(case.message()) for _ in range(AT_ONCE)], case.expectation()
    verifications = Verifications()
    holds = []
    # Another process may take the processor away from all of us; that does not happen every time.
    for _ in range(ROUNDS):
        done = asyncio.Event()
        watching = asyncio.create_task(longest_hold(done))
        found = await asyncio.gather(*(verifications.verified_assertion(raw, expected, NOW) for raw in raws))
        done.set()
        holds.append(await watching)
        assert len({each.id for each in found}) == AT_ONCE
    verifications.close()
    assert min(holds) < HELD_SECONDS
    assert list(tmp_path.iterdir()) == []  # noqa: ASYNC240 - one look at a folder that nobody else uses


async def test_who_comes_when_too_many_are_waiting_is_refused_and_the_next_is_not() -> None:
    case = Case("response", encrypted=False)
    raw, expected = text(case.message()), case.expectation()
    verifications = Verifications(at_once=1, max_waiting=1)
    first = asyncio.create_task(verifications.verified_assertion(raw, expected, NOW))
    await asyncio.sleep(0)
    with pytest.raises(SignInRefusedError) as refused:
        await verifications.verified_assertion(raw, expected, NOW)
    assert refused.value.reason == Refusal.SAML_BUSY
    assert (await first).name.value == "ada"
    assert (await verifications.verified_assertion(raw, expected, NOW)).name.value == "ada"
    verifications.close()
