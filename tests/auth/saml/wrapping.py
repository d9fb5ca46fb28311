"""Signature wrapping (XSW1 to XSW8, as SAML Raider has them): a forgery takes the place of a signed original."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Final

import xmlsec
from lxml import etree

from auth.sso.saml.names import tag
from tests.auth.saml.provider_double import Case, Words, key_pair, new_id

if TYPE_CHECKING:
    from collections.abc import Callable

EVIL: Final = "admin"


def forged(element: Any) -> Any:
    """A copy that says another name, under another identifier, and without the signature."""
    evil = copy.deepcopy(element)
    evil.set("ID", new_id())
    _rename(evil)
    _unsign(evil)
    return evil


def _rename(element: Any) -> None:
    for name in element.iter(tag("a:NameID")):
        name.text = EVIL


def _unsign(element: Any) -> Any:
    signature = element.find(tag("ds:Signature"))
    if signature is not None:
        element.remove(signature)
    return signature


def _signed(response: Any) -> tuple[Any, Any, Any]:
    """The element that is signed, a copy of it without its signature, and that signature."""
    inner = response.find(tag("a:Assertion"))
    element = inner if inner is not None and inner.find(tag("ds:Signature")) is not None else response
    original = copy.deepcopy(element)
    signature = _unsign(original)
    return element, original, signature


def xsw1(response: Any) -> Any:
    evil, original = forged(response), copy.deepcopy(response)
    signature = _unsign(original)
    if signature is None:
        signature = _signed(response)[2]
    signature.append(original)
    evil.insert(1, signature)
    return evil


def xsw2(response: Any) -> Any:
    evil, original = forged(response), copy.deepcopy(response)
    signature = _unsign(original)
    if signature is None:
        signature = _signed(response)[2]
    evil.insert(1, original)
    evil.insert(2, signature)
    return evil


def xsw3(response: Any) -> Any:
    evil = copy.deepcopy(response)
    inner = evil.find(tag("a:Assertion"))
    inner.addprevious(forged(inner))
    return evil


def xsw4(response: Any) -> Any:
    evil = copy.deepcopy(response)
    inner = evil.find(tag("a:Assertion"))
    wrapper = forged(inner)
    inner.addprevious(wrapper)
    wrapper.append(inner)
    return evil


def xsw5(response: Any) -> Any:
    evil = copy.deepcopy(response)
    inner = evil.find(tag("a:Assertion"))
    original = copy.deepcopy(inner)
    _unsign(original)
    _rename(inner)
    inner.set("ID", new_id())
    evil.append(original)
    return evil


def xsw6(response: Any) -> Any:
    evil = copy.deepcopy(response)
    inner = evil.find(tag("a:Assertion"))
    original = copy.deepcopy(inner)
    _unsign(original)
    _rename(inner)
    inner.set("ID", new_id())
    signature = inner.find(tag("ds:Signature"))
    (inner if signature is None else signature).append(original)
    return evil


def xsw7(response: Any) -> Any:
    evil = copy.deepcopy(response)
    inner = evil.find(tag("a:Assertion"))
    extensions = etree.Element(tag("p:Extensions"))
    extensions.append(forged(inner))
    inner.addprevious(extensions)
    return evil


def xsw8(response: Any) -> Any:
    evil = copy.deepcopy(response)
    inner = evil.find(tag("a:Assertion"))
    original = copy.deepcopy(inner)
    _unsign(original)
    _rename(inner)
    inner.set("ID", new_id())
    signature = inner.find(tag("ds:Signature"))
    target = etree.SubElement(inner if signature is None else signature, tag("ds:Object"))
    target.append(original)
    return evil


ATTACKS: Final[list[tuple[str, Callable[[Any], Any]]]] = [
    (attack.__name__, attack) for attack in (xsw1, xsw2, xsw3, xsw4, xsw5, xsw6, xsw7, xsw8)
]


def attacked(case: Case, attack: Callable[[Any], Any], words: Words | None = None) -> Any:
    """The attack on an honest response of this kind, with what is encrypted encrypted by the attacker."""
    words = words or Words()
    plain = Case(case.policy, encrypted=False)
    if attack in {xsw1, xsw2}:
        # The response is what is wrapped, so it stays as the provider has made it.
        evil = attack(case.message(words) if case.signs_response else plain.message(words))
    else:
        evil = attack(plain.message(words))
    if case.encrypted:
        for inner in evil.findall(tag("a:Assertion")):
            inner.addprevious(case.wrapped(inner))
            evil.remove(inner)
    return evil


def deceives_a_careless_reader(evil: Any) -> bool:
    """Whether somebody who looks for any signature that holds, and then for any name, is taken in."""
    held = False
    evil = etree.fromstring(etree.tostring(evil))
    # The first of two elements by the same name is what a careless reader finds.
    named = {element.get("ID"): element for element in reversed(list(evil.iter())) if "ID" in element.attrib}
    for signature in evil.iter(tag("ds:Signature")):
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(key_pair("idp").certificate_pem, xmlsec.constants.KeyDataFormatCertPem)
        for element in named.values():
            context.register_id(element, "ID")
        try:
            context.verify(signature)
        except xmlsec.Error:
            continue
        held = True
    return held and any(name.text == EVIL for name in evil.iter(tag("a:NameID")))
