"""Who a message says that it is from."""

from __future__ import annotations

from typing import Any

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.names import ENTITY, tag


def text_of(element: Any) -> str:  # noqa: ANN401 - lxml has no types
    """All of the text in an element, without the white space around it."""
    return "".join(element.itertext()).strip()


def check_issuer(message: Any, expected: str) -> None:  # noqa: ANN401 - lxml has no types
    """The identity provider of the connection, by its own name and to the letter.

    Raises:
        SignInRefusedError: another one, or nobody.
    """
    issuer = message.find(tag("a:Issuer"))
    if issuer is None or issuer.get("Format", ENTITY) != ENTITY or text_of(issuer) != expected:
        raise SignInRefusedError(Refusal.SAML_ISSUER)
