"""The schemas are there for every thread that validates, before any of them does."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from queue import SimpleQueue
from typing import TYPE_CHECKING

import pytest
from lxml import etree

from auth.sso.saml import schemas
from auth.sso.saml.names import ASSERTION
from auth.sso.saml.verifications import Verifications

if TYPE_CHECKING:
    from collections.abc import Callable

DOCUMENT = (
    f'<a:Assertion xmlns:a="{ASSERTION}" ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">'
    "<a:Issuer>us</a:Issuer></a:Assertion>"
)
THREADS = 4


@pytest.fixture(autouse=True)
def _none_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schemas, "_idle", SimpleQueue())
    monkeypatch.setattr(schemas, "_number", 0)


def validate_in_threads(begin: Callable[[], bool]) -> list[bool]:
    """In several, none of which validates before all are there."""
    together = threading.Barrier(THREADS)

    def validate(_: int) -> bool:
        together.wait()
        return begin()

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(validate, range(THREADS)))


def is_valid() -> bool:
    return schemas.is_valid(etree.ElementTree(etree.fromstring(DOCUMENT)))


def test_threads_that_need_the_schemas_at_once_all_have_them() -> None:
    assert validate_in_threads(is_valid) == [True] * THREADS


def test_who_verifies_compiles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that began to parse before another compiles, and ends meanwhile, leaves that one without its imports."""
    verifications = Verifications(at_once=THREADS)
    monkeypatch.setattr(schemas, "_compiled", lambda: pytest.fail("too late"))
    assert validate_in_threads(is_valid) == [True] * THREADS
    verifications.close()
