"""S1 to S17 and S26 of the security cases: what is signed, and how it is written and encrypted.

Each attack runs under every policy (response signed, assertion signed, both) and once more inside an encrypted
assertion. ``test_an_honest_response_is_taken`` is what makes the refusals mean something.
"""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import pytest
import xmlsec
from lxml import etree

from auth.sso.refusal import Refusal
from auth.sso.saml.names import tag
from tests.auth.saml.provider_double import (
    CASES,
    NOW,
    OUR_KEYS,
    REQUEST,
    Case,
    Words,
    assertion,
    at,
    encrypt,
    key_pair,
    response,
    sign,
    text,
    with_raw_key,
)
from tests.auth.saml.verification import ENCRYPTED, every_case, plain_case, reason, said, taken
from tests.auth.saml.wrapping import ATTACKS, EVIL, attacked, deceives_a_careless_reader

if TYPE_CHECKING:
    from collections.abc import Callable


@every_case
def test_an_honest_response_is_taken(case: Case) -> None:
    found = taken(case, text(case.message()))
    assert (found.name.value, found.request_id, found.session_index) == ("ada", REQUEST, "session-1")
    assert found.attributes == {"email": ("ada@acme.example",), "groups": ("a", "b")}
    assert found.context == "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
    assert found.authenticated_at == NOW


# Where xmlsec itself finds a signature that holds and a name that nobody signed. In the others the original lies within
# the signature, which xmlsec leaves out of what it digests; other verifiers have not.
DECEIVING: Final = {
    "response": {"xsw2"},
    "assertion": {"xsw3", "xsw4", "xsw5", "xsw7"},
    "both": {"xsw2", "xsw3", "xsw4", "xsw5", "xsw7"},
}


@every_case
@pytest.mark.parametrize(("name", "attack"), ATTACKS, ids=[f"s{number}" for number in range(1, 9)])
def test_s1_to_s8_signature_wrapping_is_refused(case: Case, name: str, attack: Callable[[Any], Any]) -> None:
    evil = attacked(case, attack)
    if not case.encrypted and name in DECEIVING[case.policy]:
        # Otherwise the refusal would say nothing.
        assert deceives_a_careless_reader(evil)
    reason(case, text(evil))


@every_case
def test_s9_one_identifier_on_two_elements_is_refused(case: Case) -> None:
    message = case.message()
    inner = message.find(tag("a:Assertion"))
    if inner is None:
        plain = assertion(Words())
        plain.set("ID", message.get("ID"))
        evil = Case(case.policy, encrypted=True).repacked(plain)
        evil.set("ID", plain.get("ID"))
        assert reason(Case("response", encrypted=True), text(sign(evil, key_pair("idp")))) == Refusal.SAML_IDENTIFIER
    else:
        inner.set("ID", message.get("ID"))
        assert reason(case, text(message)) == Refusal.SAML_IDENTIFIER


@every_case
@pytest.mark.parametrize("place", ["p:Status", "a:Issuer"])
def test_s9_a_signed_original_elsewhere_in_the_document_is_refused(case: Case, place: str) -> None:
    signed = sign(assertion(Words()), key_pair("idp"))
    evil = case.message(replace(Words(), name=EVIL), key="attacker")
    evil.find(tag(place)).append(signed)
    assert reason(case, text(evil)) == Refusal.SAML_STRUCTURE


AT_MOST_ONCE: Final = [
    "a:Issuer",
    "a:Subject",
    "a:NameID",
    "a:SubjectConfirmation",
    "a:SubjectConfirmationData",
    "a:Conditions",
    "a:AuthnStatement",
    "a:AuthnContext",
    "a:AuthnContextClassRef",
    "a:AttributeStatement",
]


@every_case
@pytest.mark.parametrize("name", AT_MOST_ONCE)
def test_s10_an_element_that_occurs_twice_is_refused_raw_and_decrypted(case: Case, name: str) -> None:
    def twice(inner: Any) -> None:
        element = next(inner.iter(tag(name)))
        element.addnext(copy.deepcopy(element))

    assert reason(case, text(case.message(change=twice))) == Refusal.SAML_STRUCTURE


@every_case
@pytest.mark.parametrize("name", ["a:Issuer", "p:Status", "p:StatusCode", "ds:Signature"])
def test_s10_an_element_of_the_response_that_occurs_twice_is_refused(case: Case, name: str) -> None:
    message = case.message()
    element = next(message.iter(tag(name)), None)
    if element is None:
        element = sign(message, key_pair("idp")).find(tag(name))
    element.addnext(copy.deepcopy(element))
    assert reason(case, text(message)) == Refusal.SAML_STRUCTURE


@plain_case
@pytest.mark.parametrize(
    "name", ["ds:SignedInfo", "ds:SignatureValue", "ds:KeyInfo", "ds:Reference", "ds:DigestValue", "ds:Transforms"]
)
def test_s10_a_part_of_a_signature_that_occurs_twice_is_refused(case: Case, name: str) -> None:
    message = case.message()
    element = next(message.iter(tag(name)))
    element.addnext(copy.deepcopy(element))
    assert reason(case, text(message)) == Refusal.SAML_STRUCTURE


@every_case
def test_s11_no_signature_is_refused(case: Case) -> None:
    raw = text(response(Words(), case.wrapped(assertion(Words()))))
    assert reason(case, raw) == Refusal.SAML_SIGNATURE_MISSING


@plain_case
@pytest.mark.parametrize("damage", ["stripped", "empty", "value", "digest", "name", "recipient"])
def test_s11_a_damaged_signature_or_signed_text_is_refused(case: Case, damage: str) -> None:
    message = case.message()
    signature = next(message.iter(tag("ds:Signature")))
    if damage == "stripped":
        signature.getparent().remove(signature)
    elif damage in {"empty", "value"}:
        value = signature.find(tag("ds:SignatureValue"))
        value.text = "" if damage == "empty" else _changed(value.text)
    elif damage == "digest":
        value = next(signature.iter(tag("ds:DigestValue")))
        value.text = _changed(value.text)
    elif damage == "name":
        next(message.iter(tag("a:NameID"))).text = "adb"
    else:
        next(message.iter(tag("a:SubjectConfirmationData"))).set("NotOnOrAfter", at(minutes=6))
    reason(case, text(message))


def _changed(encoded: str) -> str:
    decoded = bytearray(base64.b64decode(encoded))
    decoded[0] ^= 1
    return base64.b64encode(decoded).decode()


@pytest.mark.parametrize("case", ENCRYPTED, ids=str)
def test_s11_a_signature_damaged_before_encryption_is_refused(case: Case) -> None:
    inner = sign(assertion(Words()), key_pair("idp"))
    next(inner.iter(tag("a:NameID"))).text = EVIL
    outer = response(Words(), case.wrapped(inner))
    raw = text(sign(outer, key_pair("idp")) if case.signs_response else outer)
    assert reason(case, raw) == Refusal.SAML_SIGNATURE


@every_case
def test_s12_a_response_signed_under_another_policy_is_refused(case: Case) -> None:
    for other in CASES:
        if other.encrypted != case.encrypted:
            continue
        raw = text(other.message())
        enough = (other.signs_response or not case.signs_response) and (
            other.signs_assertion or not case.signs_assertion
        )
        if enough:
            assert taken(case, raw).name.value == "ada"
        else:
            assert reason(case, raw) == Refusal.SAML_SIGNATURE_MISSING


def test_s12_a_policy_that_asks_for_no_signature_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="signed"):
        Case("assertion", encrypted=False).expectation(signed_assertion=False)


@plain_case
def test_s12_a_signature_that_is_not_called_for_must_hold_as_well(case: Case) -> None:
    message = case.message()
    if case.policy == "assertion":
        sign(message, key_pair("attacker"))
    else:
        sign(message.find(tag("a:Assertion")), key_pair("attacker")) if case.policy == "response" else None
        if case.policy == "both":
            message = sign(case.repacked(sign(assertion(Words()), key_pair("attacker"))), key_pair("idp"))
    assert reason(case, text(message)) == Refusal.SAML_SIGNATURE


@every_case
def test_s13_an_embedded_certificate_is_not_a_reason_to_trust_it(case: Case) -> None:
    assert reason(case, text(case.message(key="attacker"))) == Refusal.SAML_SIGNATURE


@every_case
def test_s13_a_raw_key_in_a_signature_is_not_a_reason_to_trust_it(case: Case) -> None:
    attacker = key_pair("attacker")
    evil = case.message(key="attacker", after=lambda signed: with_raw_key(signed, attacker))
    assert reason(case, text(evil)) == Refusal.SAML_SIGNATURE


@every_case
@pytest.mark.parametrize("name", ["idp", "attacker"])
def test_s13_a_raw_key_is_not_looked_at_whosever_it_is(case: Case, name: str) -> None:
    message = case.message(after=lambda signed: with_raw_key(signed, key_pair(name)))
    assert (b"KeyValue" in text(message)) is (case.signs_response or not case.encrypted)
    assert taken(case, text(message)).name.value == "ada"


@every_case
def test_s13_without_any_word_about_the_key_it_is_the_connections(case: Case) -> None:
    def silent(signed: Any) -> None:
        information: Any = xmlsec.tree.find_node(signed, xmlsec.constants.NodeKeyInfo)
        information.getparent().remove(information)

    assert taken(case, text(case.message(after=silent))).name.value == "ada"


@plain_case
@pytest.mark.parametrize("place", ["ds:KeyValue", "ds:RSAKeyValue", "ds:Modulus"])
def test_s13_a_raw_key_has_no_room_for_anything_else(case: Case, place: str) -> None:
    message = case.message(after=lambda signed: with_raw_key(signed, key_pair("idp")))
    next(message.iter(tag(place))).append(sign(assertion(Words()), key_pair("idp")))
    assert reason(case, text(message)) == Refusal.SAML_STRUCTURE


@every_case
def test_s13_an_unknown_identity_provider_is_refused(case: Case) -> None:
    assert said(case, issuer="https://other.example") == Refusal.SAML_ISSUER


@plain_case
@pytest.mark.parametrize(
    ("name", "algorithm"),
    [
        ("ds:SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
        ("ds:SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
        ("ds:SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
        ("ds:SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-md5"),
        ("ds:SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"),
        ("ds:DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"),
        ("ds:CanonicalizationMethod", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
        ("ds:CanonicalizationMethod", "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"),
        ("ds:CanonicalizationMethod", "urn:unknown"),
        ("ds:Transform", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
        ("ds:Transform", "http://www.w3.org/TR/1999/REC-xpath-19991116"),
        ("ds:Transform", "http://www.w3.org/2002/06/xmldsig-filter2"),
        ("ds:Transform", "http://www.w3.org/2000/09/xmldsig#base64"),
        ("ds:Transform", "urn:unknown"),
    ],
)
def test_s14_an_algorithm_that_is_not_ours_is_refused(case: Case, name: str, algorithm: str) -> None:
    message = case.message()
    next(message.iter(tag(name))).set("Algorithm", algorithm)
    assert reason(case, text(message)) == Refusal.SAML_SIGNATURE_FORM


@pytest.mark.parametrize("words", [{"method": "RSA_SHA1"}, {"digest": "SHA1"}, {"method": "RSA_SHA512"}], ids=str)
def test_s14_a_signature_that_holds_by_a_weak_algorithm_is_refused(words: dict[str, str]) -> None:
    case = Case("response", encrypted=False)
    message = sign(response(Words(), assertion(Words())), key_pair("idp"), **words)
    assert reason(case, text(message)) == Refusal.SAML_SIGNATURE_FORM


@plain_case
def test_s14_a_stylesheet_as_transform_is_refused(case: Case) -> None:
    message = case.message()
    transform = next(message.iter(tag("ds:Transform")))
    etree.SubElement(transform, "{http://www.w3.org/1999/XSL/Transform}stylesheet")
    assert reason(case, text(message)) == Refusal.SAML_STRUCTURE


@plain_case
@pytest.mark.parametrize("uri", ["", "#other", "#xpointer(/)", "https://evil.example/", None])
def test_s14_a_reference_to_anything_but_the_element_is_refused(case: Case, uri: str | None) -> None:
    message = case.message()
    reference = next(message.iter(tag("ds:Reference")))
    if uri is None:
        del reference.attrib["URI"]
    else:
        reference.set("URI", uri)
    assert reason(case, text(message)) == Refusal.SAML_SIGNATURE_FORM


NAME: Final = b">ada<"


@every_case
@pytest.mark.parametrize("inserted", [b"<!-- x -->", b"<?x y?>", b"<!---->"])
def test_s15_a_comment_or_instruction_in_a_name_is_refused(case: Case, inserted: bytes) -> None:
    inner = text(sign(assertion(replace(Words(), name="admin@acme.example.evil.example")), key_pair("idp")))
    split = inner.replace(b"admin@acme.example.evil", b"admin@acme.example" + inserted + b".evil")
    assert split != inner
    placed = encrypt(split, key_pair(OUR_KEYS).certificate) if case.encrypted else None
    if placed is None:
        outer = text(response(Words(), etree.Element("placeholder")))
        raw = outer.replace(b"<placeholder/>", split)
    else:
        outer = response(Words(), placed)
        raw = text(sign(outer, key_pair("idp")) if case.signs_response else outer)
    assert reason(case, raw) == Refusal.SAML_MARKUP


@plain_case
def test_s15_a_name_in_character_data_is_read_in_full(case: Case) -> None:
    raw = text(case.message()).replace(NAME, b"><![CDATA[a]]>d<![CDATA[a]]><")
    assert taken(case, raw).name.value == "ada"


BOMB: Final = b"""<!DOCTYPE r [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;&c;&c;">]>"""


@every_case
@pytest.mark.parametrize(
    "beginning",
    [
        b"<!DOCTYPE r>",
        b'<!DOCTYPE r SYSTEM "http://127.0.0.1:9/x.dtd">',
        b'<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
        b'<!DOCTYPE r [<!ENTITY % p SYSTEM "http://127.0.0.1:9/p"> %p;]>',
        BOMB,
        b"<!doctype r>",
        b" <?xml version='1.0'?>",
        b"<?xml version='1.1'?>",
        b"<?xml version='1.0' encoding='utf-7'?>",
        b"<?xml version='1.0' encoding='utf-16'?>",
        b"<?xml version='1.0' encoding='iso-8859-1'?>",
        b"<?xml-stylesheet href='x'?>",
        b"\xef\xbb\xbf",
        b"\x00",
        b"text",
    ],
    ids=range(15),
)
def test_s16_a_document_that_does_not_begin_plainly_is_refused(case: Case, beginning: bytes) -> None:
    raw = beginning + text(case.message())
    assert reason(case, raw) in {Refusal.SAML_ENCODING, Refusal.SAML_MARKUP}
    if case.encrypted and not case.signs_response:
        inner = beginning + text(sign(assertion(Words()), key_pair("idp")))
        outer = text(response(Words(), encrypt(inner, key_pair(OUR_KEYS).certificate)))
        assert reason(case, outer) in {Refusal.SAML_ENCODING, Refusal.SAML_MARKUP}


@plain_case
@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32", "utf-7", "latin-1"])
def test_s16_another_encoding_is_refused(case: Case, encoding: str) -> None:
    raw = text(case.message(replace(Words(), name="ad\u00e4"))).decode().replace("&#228;", "\u00e4").encode(encoding)
    reason(case, raw)


@plain_case
def test_s16_a_huge_document_is_refused_before_it_is_parsed(case: Case) -> None:
    assert reason(case, text(case.message()) + b" " * 10_000_000) == Refusal.SAML_SIZE


@plain_case
@pytest.mark.parametrize(
    "raw", [b"", b"<", b"<a/>", b"<a><b></a>", b"&lt;", b"<a>" * 50_000, b"\xff\xfe<a/>"], ids=range(7)
)
def test_s16_what_is_no_message_is_refused(case: Case, raw: bytes) -> None:
    reason(case, raw)


@plain_case
@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (b"<samlp:Response ", b'<samlp:Response xmlns:v="1" ', Refusal.SAML_NAMESPACE),
        (b"<samlp:Response ", b'<samlp:Response xmlns:v="./relative" ', Refusal.SAML_NAMESPACE),
        (b"<saml:Assertion ", b'<saml:Assertion xmlns:v="..">'[:-1] + b" ", Refusal.SAML_NAMESPACE),
        (b" ID=", b' xmlns:q="urn:q" xmlns:r="urn:q" q:ID="x" r:ID="y" ID=', Refusal.SAML_XML),
        (b" ID=", b' samlp:ID="other" ID=', Refusal.SAML_STRUCTURE),
        (b" ID=", b' xml:id="other" ID=', Refusal.SAML_STRUCTURE),
        (b" ID=", b' ID="other" ID=', Refusal.SAML_XML),
        (b"<saml:NameID ", b"<saml:NameID unknown='x' ", Refusal.SAML_SCHEMA),
        (
            b"<saml:SubjectConfirmationData ",
            b"<saml:SubjectConfirmationData xmlns:o='urn:o' o:x='y' ",
            Refusal.SAML_STRUCTURE,
        ),
    ],
    ids=range(9),
)
def test_s17_what_parsers_disagree_about_is_refused(case: Case, old: bytes, new: bytes, expected: Refusal) -> None:
    raw = text(case.message())
    assert old in raw
    assert reason(case, raw.replace(old, new, 1)) == expected


@pytest.mark.parametrize("policy", ["assertion", "both"])
def test_s26_an_unsigned_assertion_inside_is_refused(policy: str) -> None:
    case = Case(policy, encrypted=True)
    message = sign(response(Words(), case.wrapped(assertion(Words()))), key_pair("idp"))
    assert reason(case, text(message)) == Refusal.SAML_SIGNATURE_MISSING


@pytest.mark.parametrize("policy", ["response", "both"])
def test_s26_a_swapped_assertion_is_refused(policy: str) -> None:
    case = Case(policy, encrypted=True)
    message = case.message()
    old = message.find(tag("a:EncryptedAssertion"))
    message.replace(old, case.wrapped(sign(assertion(replace(Words(), name=EVIL)), key_pair("attacker"))))
    assert reason(case, text(message)) == Refusal.SAML_SIGNATURE


@pytest.mark.parametrize("case", ENCRYPTED, ids=str)
def test_s26_a_plain_and_an_encrypted_assertion_are_refused(case: Case) -> None:
    for first in (True, False):
        message = case.message()
        message.insert(2 if first else len(message), assertion(replace(Words(), name=EVIL)))
        reason(case, text(message))
        outer = response(Words(), case.wrapped(assertion(Words())), assertion(Words()))
        assert reason(Case("response", encrypted=True), text(sign(outer, key_pair("idp")))) == Refusal.SAML_ASSERTIONS


def test_s26_a_plain_assertion_where_it_has_to_be_encrypted_is_refused() -> None:
    for policy in ("response", "assertion", "both"):
        raw = text(Case(policy, encrypted=False).message())
        assert reason(Case(policy, encrypted=True), raw) == Refusal.SAML_ENCRYPTION_MISSING


@pytest.mark.parametrize("case", ENCRYPTED, ids=str)
@pytest.mark.parametrize(
    "how",
    [
        {"transport": "http://www.w3.org/2001/04/xmlenc#rsa-1_5"},
        {"algorithm": "http://www.w3.org/2001/04/xmlenc#aes128-cbc"},
        {"algorithm": "http://www.w3.org/2001/04/xmlenc#aes256-cbc"},
        {"algorithm": "http://www.w3.org/2001/04/xmlenc#tripledes-cbc"},
        {"algorithm": "http://www.w3.org/2009/xmlenc11#aes128-gcm"},
        {"algorithm": "urn:unknown"},
        "cut",
        "flipped",
        "another key",
        "no key",
    ],
    ids=str,
)
def test_s26_whatever_does_not_open_is_one_refusal(case: Case, how: dict[str, str] | str) -> None:
    inner = text(sign(assertion(Words()), key_pair("idp")))
    if isinstance(how, dict):
        placed = encrypt(inner, key_pair(OUR_KEYS).certificate, **how)
    else:
        placed = encrypt(inner, key_pair("attacker" if how == "another key" else OUR_KEYS).certificate)
        value = list(placed.iter(tag("x:CipherValue")))[-1]
        if how == "cut":
            value.text = value.text[:16]
        elif how == "flipped":
            value.text = _changed(value.text)
        elif how == "no key":
            key = next(placed.iter(tag("ds:KeyInfo")))
            key.getparent().remove(key)
    outer = response(Words(), placed)
    raw = text(sign(outer, key_pair("idp")) if case.signs_response else outer)
    assert reason(case, raw) == Refusal.SAML_ENCRYPTION
