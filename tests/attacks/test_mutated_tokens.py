"""Ten thousand access tokens with something wrong about each, against a running server: always the one clean 401."""

from __future__ import annotations

import asyncio
import copy
import os
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
import pytest
from joserfc.util import urlsafe_b64decode

from auth.sessions.signing_keys import SigningKeys
from tests.attacks.watch import KILOBYTES_GROWN, kilobytes
from tests.auth.tokens import encode, sign
from tests.server.gateway import GRAPHQL, running_gateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import httpx2
    from joserfc.jwk import ECKey

    from settings import Settings
    from tenancy.database import Database

SEED: Final = int(os.environ.get("FIELDGATE_TEST_SEED", "2026"))
TOKENS: Final = 10_000
_AT_ONCE: Final = 16
# A functional limit: no mutation may cost seconds.
_SECONDS_EACH: Final = 5

CANARY: Final = "canary-7f3a91c6"
_ODD: Final[tuple[Any, ...]] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**31,
        2**63,
        1e308,
        "",
        "x",
        CANARY,
        "é",
        "\u0000",
        [],
        [CANARY],
        {},
        {"a": CANARY},
    ),
    *("none", "HS256", "RS256", "JWT", "../../etc/passwd", "' OR 1=1 --", "https://attacker.example", [[[[[]]]]]),
)
_NAMES: Final = ("iss", "aud", "sub", "tid", "sid", "jti", "iat", "exp", "auth_time")
_HEADERS: Final = ("alg", "typ", "kid")
_CHARACTERS: Final = "AZaz09-_.=+/ ~%\"'{}éÿ"


class Parts(NamedTuple):
    """An honest token, taken apart, and the key that signed it."""

    text: str
    header: dict[str, Any]
    claims: dict[str, Any]
    key: ECKey


def in_the_text(random: Random, honest: Parts) -> str:
    """Characters changed, cut out, put in, doubled or swapped; parts exchanged."""
    text = honest.text
    for _ in range(random.randint(1, 4)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.randint(0, 40))
        match random.randrange(5):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + random.choice(_CHARACTERS) * random.randint(1, 30) + text[start:]
            case 2:
                text = text[:end] + text[start:end] + text[end:]
            case 3:
                text = text[:start] + random.choice(_CHARACTERS) + text[start + 1 :]
            case _:
                parts = text.split(".")
                random.shuffle(parts)
                text = ".".join(parts)
    return text


def in_the_header(random: Random, honest: Parts) -> str:
    """A header that we never write, under a signature that is good for it."""
    header: dict[str, Any] = dict(honest.header)
    match random.randrange(3):
        case 0:
            header[random.choice(_HEADERS)] = random.choice(_ODD)
        case 1:
            del header[random.choice(_HEADERS)]
        case _:
            extra = ("jwk", "jku", "x5u", "x5c", "crit", "b64", "zip", "enc", "cty", CANARY)
            header[random.choice(extra)] = random.choice(_ODD)
    return sign(header, honest.claims, honest.key)


def in_the_claims(random: Random, honest: Parts) -> str:
    """Claims that we never write, under our own signature."""
    claims: dict[str, Any] = copy.deepcopy(honest.claims)
    name = random.choice(_NAMES)
    if random.random() < 0.2:
        del claims[name]
    else:
        claims[name] = random.choice([value for value in _ODD if value != claims[name]])
    if name == "auth_time" and type(claims.get(name)) is int and 0 <= claims[name] < 2**40:
        claims["exp"] = 1  # the only claim for which some odd values are times as good as others
    return sign(honest.header, claims, honest.key)


def in_the_json(random: Random, honest: Parts) -> str:
    """JSON that is broken, or says a thing twice, under our own signature."""
    body = orjson.dumps(honest.claims)
    name = random.choice(_NAMES).encode()
    twice = b'{"%s":%s,' % (name, orjson.dumps(random.choice(_ODD[:6]))) + body[1:]
    cut = body[: random.randrange(len(body))]
    nested = body[:-1] + b',"x":' + b"[" * random.randint(400, 900)
    return sign(honest.header, random.choice([twice, cut, nested, body + b"x", b"\xef\xbb\xbf" + body]), honest.key)


def in_the_signature(random: Random, honest: Parts) -> str:
    """A bit turned, a piece missing, another spelling of the same bytes."""
    head, _, signature = honest.text.rpartition(".")
    changed = bytearray(urlsafe_b64decode(signature.encode()))
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    others = [signature[:-1] + letter for letter in alphabet if letter != signature[-1]]
    pieces = [encode(bytes(changed)), encode(bytes(changed[:-1])), random.choice(others), signature + "==", CANARY]
    return f"{head}.{random.choice(pieces)}"


KINDS: Final = (in_the_text, in_the_header, in_the_claims, in_the_json, in_the_signature)


def mutations(honest: Parts) -> Iterator[str]:
    random = Random(SEED)  # noqa: S311 - to find the same tokens again, not to keep a secret
    made = 0
    while made < TOKENS:
        text = KINDS[made % len(KINDS)](random, honest).strip()  # blanks around it belong to the header, not to it
        if text != honest.text:
            made += 1
            yield text


async def outcome(client: httpx2.AsyncClient, token: str) -> tuple[int, str]:
    """Status and body of the answer, without the request's own id."""
    async with asyncio.timeout(_SECONDS_EACH):
        answer = await client.post(
            "/graphql",
            json={"query": "{ viewer { email } }"},
            headers={b"authorization": b"Bearer " + token.encode("latin-1", "replace"), b"accept": GRAPHQL.encode()},
        )
    challenge = answer.headers.get("www-authenticate", "")
    assert CANARY not in answer.text + challenge
    return answer.status_code, answer.text + challenge


@pytest.mark.timeout(600)
async def test_j1_to_j5_ten_thousand_mutated_tokens_get_one_clean_401_each(
    settings: Settings, database: Database, tmp_path: Path
) -> None:
    async with running_gateway(settings, database, tmp_path) as gateway:
        text = gateway.tokens[0]
        header, claims = (orjson.loads(urlsafe_b64decode(part.encode())) for part in text.split(".")[:2])
        honest = Parts(text, header, claims, (await SigningKeys(settings).signer()).private)
        async with gateway.client() as client:
            status, _ = await outcome(client, sign(honest.header, honest.claims, honest.key))
            assert status == 200, "what the mutations start from is believed"
            waiting = mutations(honest)
            outcomes: Counter[tuple[int, str]] = Counter()
            culprits: dict[tuple[int, str], str] = {}

            async def work() -> None:
                for token in waiting:
                    answer = await outcome(client, token)
                    outcomes[answer] += 1
                    culprits[answer] = token

            for _ in range(200):
                await outcome(client, next(waiting))
            before = kilobytes(gateway.process.pid)
            await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
            grown = kilobytes(gateway.process.pid) - before
            assert int(time.time()) < claims["exp"], "the honest token would have been refused as well by now"
            status, _ = await outcome(client, text)
            assert status == 200, "and everybody else goes on"
        log = gateway.log.read_text(encoding="utf-8")
    assert [each[0] for each in outcomes] == [401], culprits
    assert outcomes.total() == TOKENS - 200
    assert grown < KILOBYTES_GROWN
    assert CANARY not in log
    assert text not in log
    assert text.rpartition(".")[2] not in log
