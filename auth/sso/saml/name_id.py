"""The name of a person, in the words of one identity provider."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import orjson

from auth.sso.refusal import Refusal, SignInRefusedError
from auth.sso.saml.issuer import text_of
from auth.sso.saml.names import TRANSIENT, UNSPECIFIED, tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from auth.sso.saml.expectation import Expectation

_MAX_CHARACTERS: Final = 512


@dataclass(frozen=True, slots=True)
class NameId:
    """A name and what is needed to tell it from the same word in another sense.

    Attributes:
        format: what kind of name it is.
        qualifier: within which the name is somebody's; the identity provider where it does not say.
        value: the name, to the letter: no case folded, nothing normalised.
        attributes: as the provider wrote them. A request to sign the person out repeats them.
    """

    format: str
    qualifier: str
    value: str = field(repr=False)
    attributes: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    @property
    def subject(self) -> str:
        """What the member is known by. A hash: of fixed length, and no personal data in a table or log.

        Equal only where format, qualifier and value all are, so a name that comes in another format is another name.
        """
        parts = orjson.dumps([self.format, self.qualifier, self.value])
        return "saml:" + base64.urlsafe_b64encode(hashlib.sha256(parts).digest()).decode().rstrip("=")


def name_id(parent: Any, expected: Expectation) -> NameId:  # noqa: ANN401 - lxml has no types
    """The name in a subject, or in a request to log somebody out.

    Raises:
        SignInRefusedError: there is none that stays the person's.
    """
    element = parent.find(tag("a:NameID"))
    value = "" if element is None else text_of(element)
    if not 0 < len(value) <= _MAX_CHARACTERS or not value.isprintable():
        raise SignInRefusedError(Refusal.SAML_NAME_ID)
    # Another one each time: whoever is told apart by it is nobody that we could know again.
    kind = element.get("Format", UNSPECIFIED)
    if kind == TRANSIENT or element.get("SPNameQualifier", expected.audience) != expected.audience:
        raise SignInRefusedError(Refusal.SAML_NAME_ID)
    return NameId(kind, element.get("NameQualifier", expected.issuer), value, dict(element.attrib))
