"""Rows J1 to J5: access tokens that must not be believed. Each attack differs from the honest token in one thing."""

from __future__ import annotations

import hmac
import socket
import time
from typing import Final

import orjson
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, RSAKey
from joserfc.util import urlsafe_b64encode

from auth.sessions.access_token import MAX_CHARACTERS
from tests.auth.tokens import PAIR, RING, believed, encode, honest_claims, honest_header, sign


def test_the_honest_token_is_believed() -> None:
    assert believed(sign(honest_header(), honest_claims()))


@pytest.mark.parametrize("algorithm", ["none", "None", "nOnE", "NONE", ""])
def test_j1_an_unsigned_token_is_refused(algorithm: str) -> None:
    parts = f"{encode(honest_header() | {'alg': algorithm})}.{encode(honest_claims())}."
    assert not believed(parts)
    assert not believed(parts + "AA")


def test_j1_an_hmac_with_the_public_key_as_secret_is_refused() -> None:
    public_forms = (
        PAIR.private.as_pem(private=False),
        PAIR.private.as_der(private=False),
        encode(RING.published(PAIR.created_at)).encode(),
        PAIR.kid.encode(),
    )
    for secret in public_forms:
        signing_input = f"{encode(honest_header() | {'alg': 'HS256'})}.{encode(honest_claims())}"
        signature = hmac.digest(secret, signing_input.encode(), "sha256")
        assert not believed(f"{signing_input}.{urlsafe_b64encode(signature).decode()}")


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")
@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES384", "ES256K", "HS256"])
def test_j1_another_algorithm_is_refused_even_over_our_signature(algorithm: str) -> None:
    assert not believed(sign(honest_header() | {"alg": algorithm}, honest_claims()))


def test_j1_a_token_signed_with_an_rsa_key_is_refused() -> None:
    signing_input = f"{encode(honest_header() | {'alg': 'RS256'})}.{encode(honest_claims())}"
    signature = jws.JWSRegistry.algorithms["RS256"].sign(signing_input.encode(), RSAKey.generate_key(2048))
    assert not believed(f"{signing_input}.{urlsafe_b64encode(signature).decode()}")


@pytest.mark.parametrize(
    "extra",
    [
        {"b64": False, "crit": ["b64"]},
        {"b64": False},
        {"b64": True, "crit": ["b64"]},
        {"zip": "DEF"},
        {"crit": ["exp"], "exp": 1},
        {"crit": []},
        {"enc": "A128GCM"},
    ],
)
def test_j1_headers_that_change_what_a_token_means_are_refused(extra: dict[str, object]) -> None:
    assert not believed(sign(honest_header() | extra, honest_claims()))


def test_j1_an_encrypted_token_in_place_of_a_signed_one_is_refused() -> None:
    token = sign(honest_header(), honest_claims())
    assert not believed(token + ".AAAA.AAAA")


def test_j1_a_changed_or_missing_signature_is_refused() -> None:
    head, _, signature = sign(honest_header(), honest_claims()).rpartition(".")
    other = sign(honest_header(), honest_claims() | {"sub": honest_claims()["tid"]}).rpartition(".")[2]
    changed = ("B" if signature[0] == "A" else "A") + signature[1:]
    for text in ("", "AA", changed, other, signature + "=", signature + "AA", "A" * len(signature)):
        assert not believed(f"{head}.{text}")


STRANGE_KIDS: Final = (
    "../../../../dev/null",
    "/proc/self/environ",
    "' OR 1=1 --",
    "https://attacker.example/jwks.json",
    "unknown",
    "",
    "\x00",
    "k" * 10_000,
    None,
    7,
    ["a"],
    {"a": 1},
)


@pytest.mark.parametrize("kid", STRANGE_KIDS)
def test_j2_a_strange_key_id_is_refused_without_a_fetch_a_file_or_a_query(
    kid: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = sign(honest_header() | {"kid": kid}, honest_claims())

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("looking up a key went outside")

    with monkeypatch.context() as patched:
        patched.setattr(socket, "socket", refuse)
        patched.setattr("builtins.open", refuse)
        outcome = believed(token)
    assert not outcome


def test_j2_a_missing_key_id_is_refused() -> None:
    assert not believed(sign({"alg": "ES256", "typ": "at+jwt"}, honest_claims()))


@pytest.mark.parametrize("name", ["jwk", "jku", "x5u", "x5c"])
def test_j2_a_token_that_brings_its_own_key_is_refused(name: str) -> None:
    attacker = ECKey.generate_key("P-256")
    values: dict[str, object] = {
        "jwk": attacker.as_dict(private=False),
        "jku": "http://127.0.0.1:1/jwks.json",
        "x5u": "http://127.0.0.1:1/cert.pem",
        "x5c": ["AAAA"],
    }
    assert not believed(sign(honest_header() | {name: values[name]}, honest_claims(), attacker))
    assert not believed(sign(honest_header() | {name: values[name]}, honest_claims()))


def test_j2_another_key_under_our_key_id_is_refused() -> None:
    assert not believed(sign(honest_header(), honest_claims(), ECKey.generate_key("P-256")))


@pytest.mark.parametrize("kind", ["JWT", "jwt", "rt+jwt", "application/at+jwt", "AT+JWT", "", None, 1, ["at+jwt"]])
def test_j3_a_token_of_another_type_is_refused(kind: object) -> None:
    assert not believed(sign(honest_header() | {"typ": kind}, honest_claims()))


def test_j3_a_token_without_a_type_is_refused() -> None:
    assert not believed(sign({"alg": "ES256", "kid": PAIR.kid}, honest_claims()))


@pytest.mark.parametrize("name", ["iss", "aud", "sub", "tid", "sid", "jti", "iat", "exp", "auth_time"])
def test_j4_a_missing_claim_is_refused(name: str) -> None:
    claims = honest_claims()
    del claims[name]
    assert not believed(sign(honest_header(), claims))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("iss", "http://127.0.0.1:8000/"),
        ("iss", "https://production.example"),
        ("iss", None),
        ("aud", "http://127.0.0.1:8000"),
        ("aud", "http://127.0.0.1:8000/graphql/"),
        ("aud", ["http://127.0.0.1:8000/graphql"]),
        ("aud", ["http://127.0.0.1:8000/graphql", "https://else.example"]),
        ("sub", ""),
        ("sub", "owner@acme.example"),
        ("sub", 7),
        ("sub", "00000000-0000-7000-8000-00000000000A"),
        ("sub", "{00000000-0000-7000-8000-000000000001}"),
        ("tid", "acme"),
        ("tid", None),
        ("sid", ""),
        ("jti", 1),
        ("jti", "x"),
    ],
)
def test_j4_a_wrong_issuer_audience_or_identifier_is_refused(name: str, value: object) -> None:
    assert not believed(sign(honest_header(), honest_claims() | {name: value}))


@pytest.mark.parametrize("name", ["exp", "iat", "auth_time"])
@pytest.mark.parametrize(
    "value", [b'"4102444800"', b"1e309", b"-1", b"null", b"true", b"1.5", b"NaN", b"Infinity", b"[]"]
)
def test_j4_a_time_that_is_no_whole_second_is_refused(name: str, value: bytes) -> None:
    honest = str(honest_claims()[name]).encode()
    body = encode_claims().replace(b'"%s":%s' % (name.encode(), honest), b'"%s":%s' % (name.encode(), value))
    assert value in body
    assert not believed(sign(honest_header(), body))


def test_j4_an_expired_token_is_refused() -> None:
    now = int(time.time())
    assert not believed(sign(honest_header(), honest_claims() | {"iat": now - 300, "exp": now}))
    assert believed(sign(honest_header(), honest_claims() | {"iat": now - 290, "exp": now + 10}))


def test_j4_a_token_from_the_future_is_refused() -> None:
    now = int(time.time())
    assert not believed(sign(honest_header(), honest_claims() | {"iat": now + 60, "exp": now + 300}))


@pytest.mark.parametrize("lifetime", [301, 3600, 10**9, 0, -5])
def test_j4_a_lifetime_that_we_never_give_is_refused(lifetime: int) -> None:
    claims = honest_claims()
    issued = claims["iat"]
    assert isinstance(issued, int)
    assert not believed(sign(honest_header(), claims | {"exp": issued + lifetime}))


@pytest.mark.parametrize("name", [b"sub", b"tid", b"exp", b"aud"])
def test_j4_a_claim_given_twice_is_refused(name: bytes) -> None:
    body = encode_claims()
    value = body.partition(b'"%s":' % name)[2].split(b",")[0].rstrip(b"}")
    twice = b'{"%s":%s,' % (name, value) + body[1:]
    assert not believed(sign(honest_header(), twice))


@pytest.mark.parametrize("name", [b"alg", b"typ", b"kid"])
def test_j4_a_header_given_twice_is_refused(name: bytes) -> None:
    header = encode_header()
    value = header.partition(b'"%s":' % name)[2].split(b",")[0].rstrip(b"}")
    assert not believed(sign(b'{"%s":%s,' % (name, value) + header[1:], honest_claims()))


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"7", b"", b"{", b"\xff\xfe{}", b'{"a":' + b"[" * 900, b"{}"])
def test_j4_claims_that_are_no_object_are_refused(body: bytes) -> None:
    assert not believed(sign(honest_header(), body))


@pytest.mark.parametrize(
    "token",
    [
        pytest.param("A" * 1_000_000, id="1 MB without a dot"),
        pytest.param("A" * 100_000 + "." + "A" * 800_000 + ".A", id="1 MB of three parts"),
        pytest.param("." * 10_000, id="10,000 dots"),
        pytest.param(".".join("A" * 10_000), id="10,000 parts"),
        pytest.param("\N{SNOWMAN}" * 1_000_000, id="1 million snowmen"),
    ],
)
def test_j5_a_huge_token_is_refused_before_it_is_read(token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the token was parsed")

    monkeypatch.setattr("auth.compact_jws.urlsafe_b64decode", refuse)
    assert not believed(token)


def test_j5_a_huge_token_under_an_honest_header_is_refused_before_its_claims_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("the claims were read")

    head, _, signature = sign(honest_header(), honest_claims()).split(".")
    monkeypatch.setattr("auth.sessions.access_token.verified_claims", refuse)
    for size in (MAX_CHARACTERS, 100_000, 1_000_000):
        assert not believed(f"{head}.{'A' * size}.{signature}")


def test_j5_a_header_of_100_kb_is_refused() -> None:
    assert not believed(sign(honest_header() | {"kid": "k" * 100_000}, honest_claims()))
    assert not believed(sign(honest_header() | {"kid": "k" * 600}, honest_claims()))


def test_j5_our_own_tokens_stay_well_below_the_cap() -> None:
    assert len(sign(honest_header(), honest_claims())) < MAX_CHARACTERS / 2


@pytest.mark.parametrize("text", ["", ".", "..", "a.b", "a.b.c.d", "a b.c.d", "a.b.c\n", " a.b.c", "é.é.é", "a=.b=.c="])
def test_a_text_that_is_no_token_is_refused(text: str) -> None:
    assert not believed(text)


def encode_claims() -> bytes:
    return orjson.dumps(honest_claims())


def encode_header() -> bytes:
    return orjson.dumps(honest_header())
