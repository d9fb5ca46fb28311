"""Thousands of forms and addresses with something wrong about each: a page of ours, and nothing is kept or told."""

from __future__ import annotations

import base64
import os
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote, urlencode, urlsplit

import pytest

from auth.cookies import Cookie
from auth.sso.attempt import unseal_attempt
from auth.sso.saml.names import REDIRECT
from models.shared import IdentityProvider, Session
from tests.attacks.watch import watched
from tests.auth.browser import gateway
from tests.auth.saml.test_sign_out import LogoutDesk, with_logout

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

    from settings import Settings
    from tests.auth.conftest import Person
    from tests.auth.saml.provider_at_work import ProviderAtWork

SEED: Final = int(os.environ.get("FIELDGATE_TEST_SEED", "2026"))
EACH: Final = 1_500
_WARM_UP: Final = 200

NAME: Final = "canary-of-a-name"
_FORM: Final = (b"content-type", b"application/x-www-form-urlencoded")
_BYTES: Final = b"&=;%+#?\x00\xff\xc3ab0/.\\\"'<>! "
_ODD: Final = (
    "",
    "x",
    "\0",
    "é",
    "%00",
    "a" * 3000,
    "\r\nSet-Cookie: a=b",
    "<script>",
    "=" * 50,
    "https://evil.example",
)


def bent(random: Random, text: bytes) -> bytes:
    """Bytes changed, cut out, put in or doubled; sometimes very many."""
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.randint(1, 40))
        piece = bytes([random.choice(_BYTES)]) * random.choice([1, 1, 3, 9000])
        text = random.choice([
            text[:start] + text[end:],
            text[:start] + piece + text[start:],
            text[:end] + text[start:],
            text[:start] + piece[:1] + text[start + 1 :],
        ])  # fmt: skip
    return text


async def brought(app: Starlette, scope: dict[str, Any], body: bytes = b"") -> tuple[int, str]:
    """Status and body of the answer. Straight to the application: a client would mend what is broken."""
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http", "http_version": "1.1", "scheme": "http", "query_string": b"", **scope}, receive, send)
    return sent[0]["status"], b"".join(part["body"] for part in sent[1:]).decode()


def response_form(random: Random, raw: bytes, relay_state: str) -> bytes:
    """A form that is not the honest one: in the message, around it, or in its bytes."""
    encoded = base64.b64encode(raw).decode()
    fields = [("SAMLResponse", encoded), ("RelayState", relay_state)]
    match random.randrange(5):
        case 0:
            # One more element at the end, so that it is another message however it was bent.
            fields[0] = ("SAMLResponse", base64.b64encode(bent(random, raw) + b"<x/>").decode())
        case 1:
            fields[1] = ("RelayState", random.choice([*_ODD, relay_state[:-1], relay_state + "x"]))
        case 2:
            fields.append(
                (random.choice(["SAMLResponse", "RelayState", "SAMLRequest"]), random.choice([*_ODD, encoded]))
            )
        case 3:
            fields[0] = ("SAMLResponse", random.choice([*_ODD, encoded[:-8], encoded * 2, f"{encoded}!"]))
        case _:
            return bent(random, urlencode(fields).encode()) + b"&SAMLResponse="
    return urlencode(fields).encode()


def logout_query(random: Random, query: bytes) -> bytes:
    """A query that is not the honest one. A piece that is there twice is there once too often."""
    parts = query.split(b"&")
    match random.randrange(3):
        case 0:
            parts.append(random.choice(parts))
        case 1:
            place = random.randrange(len(parts))
            parts[place] = parts[place].partition(b"=")[0] + b"=" + quote(random.choice(_ODD), safe="").encode()
        case _:
            return bent(random, query) + b"&SigAlg="
    return b"&".join(parts)


async def outcomes(
    count: int, send: Callable[[Random], Any], warmed_up: Callable[[], None], page: str
) -> Counter[tuple[int, bool]]:
    random = Random(SEED)  # noqa: S311 - to find the same ones again, not to keep a secret
    seen: Counter[tuple[int, bool]] = Counter()
    for number in range(count):
        if number == _WARM_UP:
            warmed_up()
        status, body = await send(random)
        seen[status, page in body and NAME not in body] += 1
    return seen


@pytest.mark.timeout(600)  # under twenty seconds of work, on a machine that may have other work
async def test_mutated_responses_get_the_one_page_each(
    at_work: ProviderAtWork, ada: Person, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    app = gateway(at_work.browser.authentication)
    with watched(capsys) as watch:
        await at_work.depart()
        cookie = at_work.browser.cookies[Cookie.SAML_SIGN_IN]
        raw, attempt = await at_work.answer(name=NAME), unseal_attempt(settings, cookie)
        watch.secrets |= {NAME, cookie, attempt.state, attempt.nonce, base64.b64encode(raw[100:160]).decode()}
        headers = [(b"host", b"127.0.0.1"), (b"cookie", f"{Cookie.SAML_SIGN_IN}={cookie}".encode()), _FORM]
        scope = {"method": "POST", "path": urlsplit(at_work.ours.assertion_consumer).path, "headers": headers}

        async def send(random: Random) -> tuple[int, str]:
            return await brought(app, scope, response_form(random, raw, at_work.relay_state))

        seen = await outcomes(EACH, send, watch.warmed_up, "Sign-in did not work")
        assert seen == {(400, True): EACH}
        assert await Session.filter(identity_provider_id=ada.provider_id).count() == 0
        # What the mutations start from is good, and none of them has used it up.
        assert (await at_work.post(raw)).status_code == 303


@pytest.mark.timeout(600)  # as above
async def test_s33_mutated_logout_requests_end_nothing(
    at_work: ProviderAtWork, ada: Person, capsys: pytest.CaptureFixture[str]
) -> None:
    await IdentityProvider.filter(id=ada.provider_id).update(saml_metadata=with_logout(REDIRECT))
    await at_work.sign_in(name=NAME)
    app, desk = gateway(at_work.browser.authentication), LogoutDesk(at_work)
    query = desk.query(desk.request(name=NAME)).encode()
    with watched(capsys) as watch:
        watch.secrets |= {NAME, query.decode()[100:160]}
        scope = {"method": "GET", "path": desk.path, "headers": [(b"host", b"127.0.0.1")]}

        async def send(random: Random) -> tuple[int, str]:
            return await brought(app, {**scope, "query_string": logout_query(random, query)})

        seen = await outcomes(EACH, send, watch.warmed_up, "Sign-out did not work")
        refused = seen.pop((400, True))
        # One that says it is a response is refused by a page of its own.
        assert seen.keys() <= {(400, False)}
        assert refused > EACH * 0.9
        assert await Session.filter(identity_provider_id=ada.provider_id, revoked_at=None).count() == 1
        assert (await desk.redirect(query.decode())).status_code == 303
        assert await Session.filter(identity_provider_id=ada.provider_id, revoked_at=None).count() == 0
