"""What the development identity provider hands out, and to whom."""

from __future__ import annotations

import secrets
import time
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, TypeVar

from authlib.oauth2.rfc6749 import AuthorizationCodeMixin, ClientMixin
from authlib.oidc.core import UserInfo
from joserfc.jwk import ECKey

T = TypeVar("T")

SCOPES: Final = ("openid", "email", "profile")
TOKEN_SECONDS: Final = 300

_CODE_SECONDS: Final = 60
_REMEMBERED: Final = 1_000


@dataclass(frozen=True)
class Person:
    """Whoever somebody says they are.

    Attributes:
        subject: the identifier of the person in this provider's words.
        email: their address, which this provider vouches for.
        name: their full name.
    """

    subject: str
    email: str
    name: str

    def claims(self, scope: str) -> UserInfo:
        """What an ID token and the userinfo endpoint say."""
        claims = UserInfo(sub=self.subject, email=self.email, email_verified=True, name=self.name)
        return claims.filter(scope)


@dataclass(frozen=True)
class Client(ClientMixin):  # type: ignore[misc] # Authlib ships no types
    """The one client that a tenant's provider knows: Fieldgate."""

    client_id: str
    client_secret: str = field(repr=False)
    redirect_uris: frozenset[str]

    def get_client_id(self) -> str:
        return self.client_id

    def get_default_redirect_uri(self) -> None:
        return None

    def get_allowed_scope(self, scope: str | None) -> str:
        return " ".join(word for word in (scope or "").split() if word in SCOPES)

    def check_redirect_uri(self, redirect_uri: str) -> bool:
        return redirect_uri in self.redirect_uris

    def check_client_secret(self, client_secret: str) -> bool:
        return secrets.compare_digest(client_secret.encode(), self.client_secret.encode())

    def check_endpoint_auth_method(self, method: str, _endpoint: str) -> bool:
        return method == "client_secret_basic"

    def check_response_type(self, response_type: str) -> bool:
        return response_type == "code"

    def check_grant_type(self, grant_type: str) -> bool:
        return grant_type == "authorization_code"


@dataclass(frozen=True)
class Code(AuthorizationCodeMixin):  # type: ignore[misc] # Authlib ships no types
    """An authorization code that was handed out."""

    code: str
    issuer: str
    person: Person
    scope: str
    nonce: str
    redirect_uri: str
    code_challenge: str
    code_challenge_method: str
    issued_at: int

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.issued_at

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> None:
        return None


class Issued:
    """Codes and access tokens in circulation, in memory: they die with the process, as a developer expects."""

    def __init__(self) -> None:
        self.key: Final = ECKey.generate_key("P-256")
        self.kid: Final = self.key.thumbprint()
        self._codes: OrderedDict[str, Code] = OrderedDict()
        self._access_tokens: OrderedDict[str, tuple[str, Person, str, float]] = OrderedDict()

    def keep_code(self, code: Code) -> None:
        self._codes[code.code] = code
        _make_room(self._codes)

    def take_code(self, text: str, issuer: str) -> Code | None:
        """The code, once: whoever asks for it again, or too late, or at another tenant's provider, gets nothing."""
        code = self._codes.pop(text, None)
        if code is None or code.issuer != issuer or time.time() - code.issued_at > _CODE_SECONDS:
            return None
        return code

    def keep_access_token(self, text: str, issuer: str, person: Person, scope: str) -> None:
        self._access_tokens[text] = (issuer, person, scope, time.time() + TOKEN_SECONDS)
        _make_room(self._access_tokens)

    def userinfo(self, access_token: str, issuer: str) -> UserInfo | None:
        """What the token's holder may know of its person."""
        found = self._access_tokens.get(access_token)
        if found is None or found[0] != issuer or time.time() > found[3]:
            return None
        return found[1].claims(found[2])


def _make_room(entries: OrderedDict[str, T]) -> None:
    while len(entries) > _REMEMBERED:
        entries.popitem(last=False)
