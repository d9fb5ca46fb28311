"""The schemas are there for every thread, also when several need them for the first time at once."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from lxml import etree

from auth.sso.saml import schemas
from auth.sso.saml.names import ASSERTION

if TYPE_CHECKING:
    import pytest

DOCUMENT = (
    f'<a:Assertion xmlns:a="{ASSERTION}" ID="_1" Version="2.0" IssueInstant="2026-01-01T00:00:00Z">'
    "<a:Issuer>us</a:Issuer></a:Assertion>"
)


def test_threads_that_compile_the_schemas_at_once_do_not_lose_parts_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lxml lets go of the interpreter where it asks for an import, and another thread may then begin to compile."""

    def resolve(resolver: Any, url: str, public_id: str | None, context: Any) -> Any:
        time.sleep(paces.setdefault(threading.get_ident(), 0.001 * (1 + 4 * len(paces))))
        return find(resolver, url, public_id, context)

    paces: dict[int, float] = {}
    find = schemas._Shipped.resolve  # noqa: SLF001 - where threads change places
    monkeypatch.setattr(schemas._Shipped, "resolve", resolve)  # noqa: SLF001 - as above
    with ThreadPoolExecutor(4) as threads:
        valid = list(threads.map(lambda _: schemas.is_valid(etree.ElementTree(etree.fromstring(DOCUMENT))), range(4)))
    assert valid == [True] * 4
