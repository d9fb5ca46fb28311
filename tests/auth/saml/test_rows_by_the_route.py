"""S1 to S27 of the security cases once more, each as a browser brings it: through the address that responses go to.

What exactly is refused, and why, is in the other files. Here each row is posted in one form or several to a connection
of each kind (response signed, assertion signed, both; plain and encrypted), by a browser that has asked for it; nobody
is signed in, and the honest answer to the same request signs its person in.
"""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from lxml import etree
from uuid_utils.compat import uuid7

from auth.cookies import Cookie
from auth.sealing import Purpose, seal
from auth.sso.refusal import Refusal
from auth.sso.saml.names import tag
from models.shared import IdentityProvider, ServiceProviderKey, Session, SigningPolicy
from tests.auth.saml.provider_at_work import in_a_moment
from tests.auth.saml.provider_double import (
    OUR_KEYS,
    Case,
    Words,
    assertion,
    encrypt,
    key_pair,
    response,
    sign,
    text,
)
from tests.auth.saml.test_response_attacks import BOMB
from tests.auth.saml.test_response_route_attacks import reason
from tests.auth.saml.verification import every_case
from tests.auth.saml.wrapping import ATTACKS, EVIL, attacked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.auth.conftest import Person
    from tests.auth.saml.provider_at_work import ProviderAtWork

    # A form of a row: what a browser posts, given the kind of connection and what an honest answer says.
    Form = Callable[[Case, Words], Iterator[bytes]]


def changed(case: Case, words: Words, change: Callable[[Any], None]) -> bytes:
    """An honest response to whose assertion something was done before it was signed."""
    return text(case.message(words, change=change))


def in_it(case: Case, words: Words, old: bytes, new: bytes) -> bytes:
    """A response whose assertion's text was changed after it was signed, and encrypted after that."""
    inner = text(sign(assertion(words), key_pair("idp")))
    assert old in inner
    inner = inner.replace(old, new, 1)
    if case.encrypted:
        outer = response(words, encrypt(inner, key_pair(OUR_KEYS).certificate))
        return text(sign(outer, key_pair("idp")) if case.signs_response else outer)
    return text(response(words, etree.Element("here"))).replace(b"<here/>", inner)


def saying(**changes: Any) -> Form:
    """An honestly signed response that says something else."""

    def form(case: Case, words: Words) -> Iterator[bytes]:
        yield text(case.message(replace(words, **changes)))

    return form


def s9(case: Case, words: Words) -> Iterator[bytes]:
    inner = sign(assertion(words), key_pair("idp"))
    evil = case.message(replace(words, name=EVIL), key="attacker")
    evil.find(tag("p:Status")).append(copy.deepcopy(inner))
    yield text(evil)
    twice = response(words, case.wrapped(inner))
    twice.set("ID", inner.get("ID"))
    yield text(sign(twice, key_pair("idp")) if case.signs_response else twice)


def s10(case: Case, words: Words) -> Iterator[bytes]:
    def twice(inner: Any) -> None:
        name = next(inner.iter(tag("a:NameID")))
        name.addnext(copy.deepcopy(name))

    yield changed(case, words, twice)
    outer = case.message(words)
    status = outer.find(tag("p:Status"))
    status.addnext(copy.deepcopy(status))
    yield text(outer)


def s11(case: Case, words: Words) -> Iterator[bytes]:
    yield text(response(words, case.wrapped(assertion(words))))
    yield in_it(case, words, b">ada<", b">adb<")


def s12(case: Case, words: Words) -> Iterator[bytes]:
    less = {"response": "assertion", "assertion": "response", "both": "assertion"}[case.policy]
    yield text(Case(less, encrypted=case.encrypted).message(words))


def s13(case: Case, words: Words) -> Iterator[bytes]:
    yield text(case.message(words, key="attacker"))
    yield text(case.message(replace(words, issuer="https://other.example")))


def s14(case: Case, words: Words) -> Iterator[bytes]:
    for method, digest in (("RSA_SHA1", "SHA256"), ("RSA_SHA256", "SHA1")):
        inner = sign(assertion(words), key_pair("idp"), method=method, digest=digest)
        yield text(sign(response(words, case.wrapped(inner)), key_pair("idp"), method=method, digest=digest))


def s15(case: Case, words: Words) -> Iterator[bytes]:
    for inserted in (b"<!-- -->", b"<?x?>"):
        yield in_it(case, replace(words, name="ada.evil"), b"ada.evil", b"ada" + inserted + b".evil")


def s16(case: Case, words: Words) -> Iterator[bytes]:
    raw = text(case.message(words))
    for beginning in (
        BOMB,
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
        b"<?xml version='1.0' encoding='utf-7'?>",
    ):
        yield beginning + raw
    yield raw.decode().encode("utf-16")
    yield b"<a>" * 50_000


def s17(case: Case, words: Words) -> Iterator[bytes]:
    yield in_it(case, words, b"<saml:Assertion ", b'<saml:Assertion xmlns:v="1" ')
    yield text(case.message(words)).replace(b" ID=", b' xmlns:q="urn:q" xmlns:r="urn:q" q:ID="x" r:ID="y" ID=', 1)


def s18(case: Case, words: Words) -> Iterator[bytes]:
    for changes in ({"audience": "https://other.example"}, {"audience": None}, {"conditions": False}):
        yield from saying(**changes)(case, words)


def s19(case: Case, words: Words) -> Iterator[bytes]:
    for address in ("https://other.example", None):
        yield from saying(recipient=address)(case, words)
        yield from saying(destination=address)(case, words)


def s21(case: Case, words: Words) -> Iterator[bytes]:
    for changes in (
        {"not_on_or_after": in_a_moment(minutes=-5)},
        {"confirmation_not_on_or_after": None},
        {"not_before": in_a_moment(minutes=5)},
        {"assertion_instant": in_a_moment(days=-2)},
        {"session_not_on_or_after": in_a_moment(minutes=-5)},
    ):
        yield from saying(**changes)(case, words)


def s23(case: Case, words: Words) -> Iterator[bytes]:
    for method in ("sender-vouches", "holder-of-key"):
        yield from saying(method=f"urn:oasis:names:tc:SAML:2.0:cm:{method}")(case, words)


def s26(case: Case, words: Words) -> Iterator[bytes]:
    """Opened it must be, and by AES-GCM under RSA-OAEP; one and the same refusal whatever is wrong with it."""
    inner = text(sign(assertion(words), key_pair("idp")))
    for how in (
        {"transport": "http://www.w3.org/2001/04/xmlenc#rsa-1_5"},
        {"algorithm": "http://www.w3.org/2001/04/xmlenc#aes256-cbc"},
        {"certificate": key_pair("attacker").certificate},
    ):
        placed = encrypt(inner, **({"certificate": key_pair(OUR_KEYS).certificate} | how))
        outer = response(words, placed)
        yield text(sign(outer, key_pair("idp")) if case.signs_response else outer)


def s27(case: Case, words: Words) -> Iterator[bytes]:
    yield from saying(status="urn:oasis:names:tc:SAML:2.0:status:Responder")(case, words)
    yield from saying(status=None)(case, words)
    yield text(sign(response(words), key_pair("idp")))
    two = [case.wrapped(sign(assertion(words), key_pair("idp"))) for _ in range(2)]
    yield text(sign(response(words, *two), key_pair("idp")))


def wrapped(attack: Callable[[Any], Any]) -> Form:
    def form(case: Case, words: Words) -> Iterator[bytes]:
        yield text(attacked(case, attack, words))

    return form


ROWS: Final[dict[str, Form]] = {
    **{f"s{number}": wrapped(attack) for number, (_, attack) in enumerate(ATTACKS, 1)},
    **{form.__name__: form for form in (s9, s10, s11, s12, s13, s14, s15, s16, s17, s18, s19, s21, s23)},
    "s24": saying(assertion_issuer="https://other.example"),
    "s26": s26,
    "s27": s27,
}


@pytest.fixture
async def with_our_key(at_work: ProviderAtWork, ada: Person) -> ProviderAtWork:
    """A connection whose key of ours is the one that these messages are encrypted with."""
    pair, key_id = key_pair(OUR_KEYS), uuid7()
    private = pair.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    settings = at_work.browser.authentication.settings
    await ServiceProviderKey.create(
        id=key_id,
        identity_provider_id=ada.provider_id,
        certificate=pair.certificate_pem.decode(),
        private_key_encrypted=seal(settings, Purpose.SERVICE_PROVIDER_KEY, private, bound_to=str(key_id)),
        not_after=pair.certificate.not_valid_after_utc,
    )
    return at_work


@every_case
@pytest.mark.parametrize("row", ROWS)
async def test_s1_to_s27_by_the_route_sign_nobody_in(
    with_our_key: ProviderAtWork, ada: Person, case: Case, row: str
) -> None:
    at_work = with_our_key
    await IdentityProvider.filter(id=ada.provider_id).update(
        signing_policy=SigningPolicy(case.policy), want_encrypted=case.encrypted
    )
    await at_work.depart()
    cookie = at_work.browser.cookies[Cookie.SAML_SIGN_IN]

    async def post(raw: bytes) -> Any:
        # The attempt is still good, so the next one is refused for what it is.
        at_work.browser.client.cookies.set(Cookie.SAML_SIGN_IN.value, cookie, domain="127.0.0.1")
        return await at_work.post(raw)

    words, seen = at_work.words(), set()
    for raw in ROWS[row](case, words):
        seen.add(await reason(ada.placement, await post(raw)))
    assert seen
    # It is the message that is refused, and not what the browser brings along.
    assert not seen & {Refusal.SAML_REPLAYED, Refusal.ATTEMPT_MISSING, Refusal.SAML_RELAY_STATE, Refusal.SAML_BINDING}
    if row == "s26" and case.encrypted:
        assert seen == {Refusal.SAML_ENCRYPTION}
    assert await Session.filter(identity_provider_id=ada.provider_id).count() == 0
    assert (await post(text(case.message(words)))).status_code == 303
