"""A server whose libraries cannot tell a signed document from a changed one does not start."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import xmlsec
from lxml import etree

from auth.opening import open_authentication
from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml import self_test
from auth.sso.saml.self_test import SelfTestFailedError, check_verification
from auth.sso.saml.signature import verified

if TYPE_CHECKING:
    from auth.sso.saml.certificate import TrustedKey
    from settings import Settings
    from tenancy.database import Database


def test_the_libraries_of_this_machine_pass() -> None:
    check_verification()


@pytest.mark.parametrize(
    ("library", "name", "value"),
    [
        (etree, "LIBXML_VERSION", (2, 9, 1)),
        (etree, "LIBXML_COMPILED_VERSION", (2, 9, 1)),
        (xmlsec, "get_libxml_version", lambda: (2, 9, 1)),
        (xmlsec, "get_libxml_compiled_version", lambda: (2, 9, 1)),
    ],
    ids=["lxml", "lxml as built", "xmlsec", "xmlsec as built"],
)
def test_two_versions_of_libxml2_do_not(
    library: object, name: str, value: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(library, name, value)
    with pytest.raises(SelfTestFailedError, match=r"same libxml2: .* 2\.9\.1"):
        check_verification()


def test_a_verifier_that_takes_everything_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(self_test, "verified", lambda element, _keys: element)
    with pytest.raises(SelfTestFailedError, match="not verified as they should be"):
        check_verification()


def test_a_verifier_that_takes_any_key_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses what was changed, and takes what anybody at all has signed."""

    def any_key(element: object, _keys: object) -> None:
        if b">us<" not in etree.tostring(element):
            raise SignInRefusedError(Refusal.SAML_SIGNATURE)

    monkeypatch.setattr(self_test, "verified", any_key)
    with pytest.raises(SelfTestFailedError, match="not verified as they should be"):
        check_verification()


def test_a_verifier_that_takes_nothing_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(_element: object, _keys: object) -> None:
        raise SignInRefusedError(Refusal.SAML_SIGNATURE)

    monkeypatch.setattr(self_test, "verified", nothing)
    with pytest.raises(SelfTestFailedError, match="not verified as they should be"):
        check_verification()


def test_each_start_has_a_key_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[bytes] = set()

    def noted(element: object, keys: list[TrustedKey]) -> object:
        seen.update(key.pem for key in keys)
        return verified(element, keys)

    monkeypatch.setattr(self_test, "verified", noted)
    check_verification()
    once = len(seen)
    check_verification()
    assert once > 0
    assert len(seen) == 2 * once


async def test_authentication_does_not_open_without(
    settings: Settings, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(etree, "LIBXML_VERSION", (2, 9, 1))
    with pytest.raises(SelfTestFailedError):
        async with open_authentication(settings, database.directory):
            pass
