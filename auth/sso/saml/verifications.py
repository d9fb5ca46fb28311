"""Verifying off the event loop, a few at a time, with an end to how many may wait."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Final, TypeVar

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.response import verified_assertion
from auth.sso.saml.schemas import prepare

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from auth.sso.saml.assertion import VerifiedAssertion
    from auth.sso.saml.expectation import Expectation

T = TypeVar("T")

AT_ONCE: Final = 2
MAX_WAITING: Final = 500


class Verifications:
    """The threads of one process that verify responses. A message is parsed, read and dropped within one of them."""

    def __init__(self, *, at_once: int = AT_ONCE, max_waiting: int = MAX_WAITING) -> None:
        prepare(at_once)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="saml")
        self._max_waiting = max_waiting
        self._waiting = 0

    async def verified_assertion(self, raw: bytes, expected: Expectation, now: datetime) -> VerifiedAssertion:
        """As ``auth.sso.saml.response.verified_assertion``.

        Raises:
            SignInRefusedError: as there; or too many are waiting.
        """
        return await self.run(partial(verified_assertion, raw, expected, now))

    async def run(self, verify: Callable[[], T]) -> T:
        """What a verification says, when its turn has come.

        Raises:
            SignInRefusedError: too many are waiting; or whatever the verification raises.
        """
        if self._waiting >= self._max_waiting:
            raise SignInRefusedError(Refusal.SAML_BUSY)
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, verify)
        finally:
            self._waiting -= 1

    def close(self) -> None:
        """Let go of the threads; what waits for one is not begun."""
        self._threads.shutdown(wait=False, cancel_futures=True)
