"""Ten thousand responses with something wrong about each, posted to the real route: always the one page.

Nothing of them is kept in memory or told in the log.
"""

from __future__ import annotations

import base64
import os
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote_plus

import pytest
from lxml import etree

from auth.cookies import Cookie
from auth.sso.attempt import unseal_attempt
from auth.sso.saml.names import PREFIXES, tag
from models.shared import IdentityProvider, Session, SigningPolicy
from tests.attacks.watch import watched
from tests.auth.browser import gateway
from tests.auth.saml.provider_at_work import EMAIL
from tests.auth.saml.provider_double import text
from tests.auth.saml.test_verifications import mutated

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.applications import Starlette

    from settings import Settings
    from tests.auth.conftest import Person
    from tests.auth.saml.provider_at_work import ProviderAtWork

SEED: Final = int(os.environ.get("FIELDGATE_TEST_SEED", "2026"))
RESPONSES: Final = 5_000  # twice: with a plain assertion, and with an encrypted one
_WARM_UP: Final = 500
# A message counts once, and so does the request that it answers.
_PER_REQUEST: Final = 100
_PER_WRONG: Final = 27

NAME: Final = "canary-name-id-93d0"
PHONE: Final = "+49 30 9018 20000"
_ODD: Final = ("", " ", "x", "admin", "\u00e9", "1" * 500, "https://attacker.example", "2.0", "urn:x", "_1", "true")
# What the provider itself may say, or somebody else in its place, with a signature that holds.
_WRONG: Final[tuple[dict[str, Any], ...]] = (
    *({"key": "attacker"}, {"audience": "https://other.example"}, {"recipient": "https://other.example/acs"}),
    *({"in_response_to": "_another"}, {"issuer": "https://attacker.example"}, {"version": "1.1"}),
    *({"not_on_or_after": "2020-01-01T00:00:00Z"}, {"method": "urn:x"}, {"status": None}),
)


class Posted(NamedTuple):
    """What a browser brings: the form, and the ``Cookie`` header."""

    form: bytes
    cookie: bytes


class Honest(NamedTuple):
    """What it would bring."""

    raw: bytes
    relay_state: str
    attempt: str

    def posted(self, raw: bytes | None = None) -> Posted:
        encoded = quote_plus(base64.b64encode(self.raw if raw is None else raw))
        form = f"SAMLResponse={encoded}&RelayState={self.relay_state}".encode()
        return Posted(form, f"{Cookie.SAML_SIGN_IN}={self.attempt}".encode())


def in_the_bytes(random: Random, honest: Honest) -> Posted:
    return honest.posted(mutated(honest.raw, random))


def in_the_tree(random: Random, honest: Honest) -> Posted:
    """Elements and attributes that are missing, doubled, moved, renamed or say something else."""
    root = etree.fromstring(honest.raw)
    for _ in range(random.randint(1, 2)):
        element = random.choice([each for each in root.iter() if each is not root])
        other = random.choice(list(root.iter()))
        parent = element.getparent()
        match random.randrange(6):
            case 0:
                parent.remove(element)
            case 1:
                parent.insert(random.randrange(len(parent) + 1), etree.fromstring(text(element)))
            case 2 if element not in other.iterancestors() and other is not element:
                other.insert(0, element)
            case 3:
                element.tag = random.choice(
                    [tag("p:Response"), tag("a:Assertion"), tag("ds:Signature"), "x", element.tag]
                )
            case 4:
                element.text = random.choice([*_ODD, other.text])
            case _:
                known = [*element.attrib, "ID", "Destination", "Version", f"{{{PREFIXES['a']}}}x"]
                element.set(random.choice(known), random.choice(_ODD))
    return honest.posted(text(root))


def in_the_form(random: Random, honest: Honest) -> Posted:
    """Not quite a form, not quite base64, or not this browser's."""
    form, cookie = honest.posted()
    start = random.randrange(len(form))
    junk = bytes([random.randrange(256)]) * random.choice([1, 2, 30])
    match random.randrange(6):
        case 0:
            return Posted(form[:start] + junk + form[start:], cookie)
        case 1:
            return Posted(form[:start], cookie)
        case 2:
            return Posted(form + random.choice([b"&", b"&RelayState=x", b"&SAMLRequest=x", b"&x=" + junk]), cookie)
        case 3:
            return Posted(
                form.replace(honest.relay_state.encode(), random.choice([b"", b"x", junk, b"\xed\xa0\x80"])), cookie
            )
        case 4:
            return Posted(form, cookie[: random.randrange(len(cookie))])
        case _:
            place = random.randrange(len(cookie) - 4)
            return Posted(form, cookie[:place] + junk[:1] + cookie[place + 1 :])


KINDS: Final[tuple[Callable[[Random, Honest], Posted], ...]] = (
    in_the_bytes,
    in_the_tree,
    in_the_bytes,
    in_the_tree,
    in_the_form,
)


def says_the_same(posted: Posted, honest: Honest) -> bool:
    """Whether it is the honest one after all: but for how it is written, and what is in a signature, which has held."""
    fields = dict(parse_qsl(posted.form.decode("latin-1"), keep_blank_values=True))
    raw = base64.b64decode(fields["SAMLResponse"])
    return (_canonical(raw), fields["RelayState"]) == (_canonical(honest.raw), honest.relay_state)


def _canonical(raw: bytes) -> bytes:
    root = etree.fromstring(raw)
    for signature in root.iter(tag("ds:Signature")):
        signature.clear()
    canonical: bytes = etree.tostring(root, method="c14n", exclusive=True)
    return canonical


async def brought(app: Starlette, path: str, posted: Posted) -> tuple[int, str]:
    """Status of the answer, and the rest of it. Straight to the application: a client would mend what is broken."""
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": posted.form, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    form = b"application/x-www-form-urlencoded"
    headers = [(b"host", b"127.0.0.1"), (b"content-type", form), (b"cookie", posted.cookie)]
    scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "scheme": "http"}, receive, send)
    start, *rest = sent
    return start["status"], repr(start["headers"]) + b"".join(part["body"] for part in rest).decode()


async def left(at_work: ProviderAtWork) -> Honest:
    """What a browser that is at the provider now would bring back."""
    await at_work.depart()
    return Honest(await answer_of(at_work), at_work.relay_state, at_work.browser.cookies[Cookie.SAML_SIGN_IN])


async def answer_of(at_work: ProviderAtWork, **changes: Any) -> bytes:
    return await at_work.answer(name=NAME, attributes=(("email", (EMAIL,)), ("phone", (PHONE,))), **changes)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.timeout(600)  # under twenty seconds of work, on a machine that may have other work
async def test_s1_to_s35_ten_thousand_mutated_responses_get_the_one_page_each(
    at_work: ProviderAtWork, ada: Person, settings: Settings, capsys: pytest.CaptureFixture[str], *, encrypted: bool
) -> None:
    policy = SigningPolicy.BOTH
    await IdentityProvider.filter(id=ada.provider_id).update(signing_policy=policy, want_encrypted=encrypted)
    at_work.policy, at_work.encrypted = policy, encrypted
    app, path = gateway(at_work.browser.authentication), f"/saml/{at_work.tenant}/acs/{at_work.connection_id}"
    random = Random(SEED)  # noqa: S311 - to find the same responses again, not to keep a secret
    refused = 0
    with watched(capsys) as watch:
        watch.secrets |= {NAME, PHONE, EMAIL}
        honest = await left(at_work)
        for number in range(RESPONSES):
            if number == _WARM_UP:
                watch.warmed_up()
            if number % _PER_WRONG:
                posted = KINDS[number % len(KINDS)](random, honest)
            else:
                posted = honest.posted(await answer_of(at_work, **random.choice(_WRONG)))
            status, answer = await brought(app, path, posted)
            if status == 303:
                assert says_the_same(posted, honest), posted
            else:
                is_clean = "Sign-in did not work" in answer and not any(each in answer for each in watch.secrets)
                assert (status, is_clean) == (400, True), posted
                refused += 1
            if status == 303 or number % _PER_REQUEST == 0:
                honest = await left(at_work)
                attempt = unseal_attempt(settings, honest.attempt)
                watch.secrets |= {honest.attempt, attempt.state, attempt.code_verifier}
    assert refused > RESPONSES * 0.95
    assert {row.member_id for row in await Session.filter(identity_provider_id=ada.provider_id)} == {ada.member_id}
