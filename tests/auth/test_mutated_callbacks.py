"""Ten thousand callbacks with something wrong about each: always the one page, and nothing of it is kept or told."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote_from_bytes, urlencode, urlsplit

import pytest
from starlette.responses import JSONResponse

from auth.cookies import Cookie
from auth.sso.attempt import unseal_attempt
from tests.attacks.watch import watched
from tests.auth.browser import Browser, gateway
from tests.auth.provider_double import ACCESS_TOKEN, CLIENT_SECRET, ISSUER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.applications import Starlette
    from starlette.responses import Response

    from settings import Settings
    from tests.auth.conftest import Person
    from tests.auth.provider_double import ProviderDouble

SEED: Final = int(os.environ.get("FIELDGATE_TEST_SEED", "2026"))
CALLBACKS: Final = 10_000
_WARM_UP: Final = 500

EMAIL: Final = "owner@acme.example"
CODE: Final = "canary-code-5d2e9b7a"
NAME: Final = "Canary Personal-Name"
_NAMES: Final = ("code", "state", "iss", "error", "error_description", "id_token", "access_token", "session_state")
_ODD: Final = (
    *("", " ", "x", "0", "null", "\0", "é", "\ud7ff", "../../etc/passwd", "' OR 1=1 --", "https://attacker.example"),
    *("a" * 3000, "%00", "\r\nSet-Cookie: a=b", "[]", "{}", "<script>", "access_denied", "=" * 50),
)
LIES: Final[tuple[dict[str, Any], ...]] = (
    *({"nonce": "another"}, {"aud": "another"}, {"iss": "https://attacker.example"}, {"exp": 1}, {"sub": ...}),
    *({"sub": "é"}, {"iat": "now"}, {"at_hash": "AAAA"}, {"email": "canary@attacker.example"}, {"email_verified": 1}),
)
_BYTES: Final = b"&=;%+#?\x00\xff\xc3ab0/.\\\"' "


class Callback(NamedTuple):
    """What a browser brings: the query string, and the ``Cookie`` header."""

    query: bytes
    cookie: bytes


class Honest(NamedTuple):
    """What it would bring, and what another browser would."""

    parameters: dict[str, str]
    attempt: str
    others: dict[str, str]
    others_attempt: str

    @property
    def query(self) -> bytes:
        return urlencode(self.parameters).encode()

    @property
    def cookie(self) -> bytes:
        return f"{Cookie.SIGN_IN}={self.attempt}".encode()


def in_a_parameter(random: Random, honest: Honest) -> Callback:
    """One that is missing, empty, odd, given twice, or of another sign-in."""
    pairs = list(honest.parameters.items())
    name = random.choice(_NAMES)
    others = honest.others.get(name, random.choice(_ODD))
    value = random.choice([random.choice(_ODD), others, honest.parameters.get(name, "")])
    match random.randrange(4):
        case 0:
            pairs = [pair for pair in pairs if pair[0] != name]
        case 1:
            pairs.insert(random.randrange(4), (name, value))
        case 2:
            pairs = [(key, value if key == name else kept) for key, kept in pairs]
        case _:
            values = [kept for _, kept in pairs]
            random.shuffle(values)
            pairs = list(zip(honest.parameters, values, strict=True))
    return Callback(urlencode(pairs, errors="surrogatepass").encode(), honest.cookie)


def in_the_bytes(random: Random, honest: Honest) -> Callback:
    """Bytes changed, cut out, put in or doubled; sometimes very many."""
    return Callback(_bent(random, honest.query), honest.cookie)


def in_the_cookie(random: Random, honest: Honest) -> Callback:
    """None, another browser's, one that is bent, and others beside it."""
    name = Cookie.SIGN_IN.encode()
    value = random.choice([
        b"",
        _bent(random, honest.attempt.encode()),
        honest.others_attempt.encode(),
        honest.attempt.encode()[: random.randrange(len(honest.attempt) - 4)],
        base64.urlsafe_b64encode(random.randbytes(random.randrange(300))),
        quote_from_bytes(random.randbytes(200)).encode(),
    ])  # fmt: skip
    header = random.choice([b"%b=%b", b'%b="%b"', b"a=b; %b=%b", b"%b=%b; a", b"__Host-%b=%b"]) % (name, value)
    return Callback(honest.query, header)


def _bent(random: Random, text: bytes) -> bytes:
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


KINDS: Final[tuple[Callable[[Random, Honest], Callback], ...]] = (in_a_parameter, in_the_bytes, in_the_cookie)


def means_the_same(made: Callback, honest: Honest) -> bool:
    """Whether it is the honest one after all, in other words: then it may succeed."""
    pairs = parse_qsl(made.query.decode("latin-1"), keep_blank_values=True)
    known = {name: value for name, value in pairs if name in {*honest.parameters, "error"}}
    values = [part.partition(b"=")[2] for part in made.cookie.split(b";")]
    return known == honest.parameters and _decoded(honest.attempt.encode()) in map(_decoded, values)


def _decoded(value: bytes) -> bytes:
    """What a lenient reader finds in base64."""
    try:
        return base64.urlsafe_b64decode(value + b"===")
    except binascii.Error:
        return b""


def mutations(honest: Honest) -> Iterator[Callback]:
    random = Random(SEED)  # noqa: S311 - to find the same callbacks again, not to keep a secret
    made = 0
    while made < CALLBACKS:
        callback = KINDS[made % len(KINDS)](random, honest)
        if not means_the_same(callback, honest):
            made += 1
            yield callback


async def brought(app: Starlette, path: str, callback: Callback) -> tuple[int, str, str]:
    """Status, headers and body of the answer. Straight to the application: a client would mend what is broken."""
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:  # noqa: ANN401 - ASGI's
        sent.append(message)

    headers = [(b"host", b"127.0.0.1"), (b"cookie", callback.cookie)]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": callback.query}
    await app({**scope, "headers": headers, "http_version": "1.1", "scheme": "http"}, receive, send)
    start, *rest = sent
    return start["status"], repr(start["headers"]), b"".join(part["body"] for part in rest).decode()


async def left(browser: Browser) -> tuple[dict[str, str], str]:
    """What a browser that is at the provider now would bring back, and its cookie."""
    departure = await browser.depart()
    assert departure.status_code == 303, departure.text
    state = browser.double.authorization["state"][0]
    return {"code": CODE, "state": state, "iss": ISSUER}, browser.cookies[Cookie.SIGN_IN]


def redeemed(double: ProviderDouble, honest: dict[str, object]) -> Response:
    """A provider that knows one code, and is talkative about others."""
    if double.exchanges[-1]["code"] == [CODE]:
        return JSONResponse(honest)
    return JSONResponse({"error": "invalid_grant", "error_description": f"{NAME} {EMAIL}"}, 400)


@pytest.mark.timeout(600)  # under twenty seconds of work, on a machine that may have other work
async def test_o1_ten_thousand_mutated_callbacks_get_the_one_page_each(
    browser: Browser, member: Person, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert member.email == EMAIL
    double, app = browser.double, gateway(browser.authentication)
    double.claims = {"name": NAME}
    double.answers["token"] = lambda honest: redeemed(double, honest)
    assert settings.key_encryption_key is not None
    with watched(capsys) as watch:
        watch.secrets |= {
            CODE,
            NAME,
            EMAIL,
            CLIENT_SECRET,
            ACCESS_TOKEN,
            settings.key_encryption_key.get_secret_value(),
        }
        others = await left(Browser(browser.authentication, double))
        honest = Honest(*await left(browser), *others)
        path = urlsplit(browser.answer()).path
        for sealed in (honest.attempt, honest.others_attempt):
            attempt = unseal_attempt(settings, sealed)
            watch.secrets |= {sealed, attempt.state, attempt.nonce, attempt.code_verifier}

        outcomes: Counter[tuple[int, bool]] = Counter()
        culprits: dict[tuple[int, bool], Callback] = {}
        for number, callback in enumerate(mutations(honest)):
            if number == _WARM_UP:
                watch.warmed_up()
            status, headers, body = await brought(app, path, callback)
            outcome = (
                status,
                "Sign-in did not work" in body and not any(each in body + headers for each in watch.secrets),
            )
            outcomes[outcome] += 1
            culprits[outcome] = callback
        assert outcomes == {(400, True): CALLBACKS}, culprits
        assert double.requests["token"] > 0, "some got as far as to have their code redeemed"

        for lie in LIES:
            double.claims = {"name": NAME, **lie}
            watch.secrets.add(double.make_id_token(double.authorization["nonce"][0]).rpartition(".")[2])
            assert (await brought(app, path, Callback(honest.query, honest.cookie)))[0] == 400, lie
        double.claims = {"name": NAME}
        status, headers, _ = await brought(app, path, Callback(honest.query, honest.cookie))
        assert status == 303, "what the mutations start from is good"
        issued = re.findall(rf"{Cookie.ACCESS}=([^;]+)|{Cookie.REFRESH}=([^;]+)", headers)
        watch.secrets |= {token for pair in issued for token in pair if token}
        assert len(issued) == 2
