"""The protocol of the development identity provider: an OpenID Connect provider made of Authlib's own grants.

It is a real provider as far as the protocol goes (code flow, PKCE, nonce, ``at_hash``, RFC 9207), so that what signs
people in on a developer's machine is what signs them in elsewhere. It just believes whoever says who they are.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from authlib.oauth2.rfc6749 import AuthorizationServer, InvalidRequestError, OAuth2Payload, OAuth2Request
from authlib.oauth2.rfc6749.grants import AuthorizationCodeGrant
from authlib.oauth2.rfc6750 import BearerTokenGenerator
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc9207 import IssuerParameter
from authlib.oidc.core import OpenIDCode

from development.identity_provider_tokens import SCOPES, TOKEN_SECONDS, Client, Code, Issued, Person

if TYPE_CHECKING:
    from collections.abc import Mapping

    from authlib.oidc.core import UserInfo
    from joserfc.jwk import ECKey

ALGORITHM: Final = "ES256"


class _Payload(OAuth2Payload):  # type: ignore[misc] # Authlib ships no types
    def __init__(self, parameters: Mapping[str, list[str]]) -> None:
        self._parameters = parameters

    @property
    def data(self) -> dict[str, str]:
        return {name: values[0] for name, values in self._parameters.items()}

    @property
    def datalist(self) -> Mapping[str, list[str]]:
        return self._parameters


class ProtocolRequest(OAuth2Request):  # type: ignore[misc] # Authlib ships no types
    """A request as Authlib takes it. Header names are in title case, which is how it looks for them."""

    def __init__(self, method: str, parameters: Mapping[str, list[str]], headers: Mapping[str, str]) -> None:
        # Authlib refuses http addresses, and looks at nothing else of this one. This provider is for http://127.0.0.1.
        super().__init__(method, "https://development.invalid/", headers={k.title(): v for k, v in headers.items()})
        self.payload = _Payload(parameters)

    @property
    def args(self) -> dict[str, str]:
        data: dict[str, str] = self.payload.data
        return data

    @property
    def form(self) -> dict[str, str]:
        return self.args


@dataclass
class Answer:
    """A response, in no framework's terms."""

    status: int
    body: object
    headers: dict[str, str]

    @property
    def location(self) -> str | None:
        return self.headers.get("Location")

    @location.setter
    def location(self, value: str) -> None:
        self.headers["Location"] = value


class _RequiredChallenge(CodeChallenge):  # type: ignore[misc] # Authlib ships no types
    """PKCE for every client, and by S256 alone: Authlib leaves clients with a secret the choice."""

    SUPPORTED_CODE_CHALLENGE_METHOD = ("S256",)

    def validate_code_challenge(self, grant: AuthorizationCodeGrant, redirect_uri: str) -> None:
        data = grant.request.payload.data
        if not data.get("code_challenge") or data.get("code_challenge_method") != "S256":
            message = "PKCE with code_challenge_method=S256 is required."
            raise InvalidRequestError(message)
        super().validate_code_challenge(grant, redirect_uri)


class ProtocolServer(AuthorizationServer):  # type: ignore[misc] # Authlib ships no types
    """One tenant's provider, for one request. Authlib's hooks are not asynchronous: the client is known beforehand."""

    def __init__(self, issuer: str, client: Client, issued: Issued) -> None:
        super().__init__(scopes_supported=list(SCOPES))
        self.issuer = issuer
        self.issued = issued
        self._client = client
        self.register_token_generator(
            "default",
            BearerTokenGenerator(
                lambda **_: secrets.token_urlsafe(32), expires_generator=lambda _client, _grant: TOKEN_SECONDS
            ),
        )
        self.register_grant(_CodeGrant, [_RequiredChallenge(required=True), _IdToken(require_nonce=True)])
        self.register_extension(_issuer_parameter)

    def query_client(self, client_id: str) -> Client | None:
        return self._client if client_id == self._client.client_id else None

    def save_token(self, token: Mapping[str, str], request: OAuth2Request) -> None:
        self.issued.keep_access_token(token["access_token"], self.issuer, request.user, token["scope"])

    def send_signal(self, name: str, *args: object, **kwargs: object) -> None:
        """Nobody listens."""

    def create_oauth2_request(self, request: ProtocolRequest) -> ProtocolRequest:
        return request

    def handle_response(self, status: int, body: object, headers: list[tuple[str, str]]) -> Answer:
        return Answer(status, body, dict(headers))


class _CodeGrant(AuthorizationCodeGrant):  # type: ignore[misc] # Authlib ships no types
    TOKEN_ENDPOINT_AUTH_METHODS = ("client_secret_basic",)

    def save_authorization_code(self, code: str, request: OAuth2Request) -> None:
        data = request.payload.data
        self.server.issued.keep_code(
            Code(
                code=code,
                issuer=self.server.issuer,
                person=request.user,
                scope=request.scope,
                nonce=data["nonce"],
                redirect_uri=data["redirect_uri"],
                code_challenge=data["code_challenge"],
                code_challenge_method=data["code_challenge_method"],
                issued_at=int(time.time()),
            )
        )

    def query_authorization_code(self, code: str, _client: Client) -> Code | None:
        found: Code | None = self.server.issued.take_code(code, self.server.issuer)
        return found

    def delete_authorization_code(self, authorization_code: Code) -> None:
        """Taken when it was read."""

    def authenticate_user(self, authorization_code: Code) -> Person:
        return authorization_code.person


class _IdToken(OpenIDCode):  # type: ignore[misc] # Authlib ships no types
    def exists_nonce(self, _nonce: str, _request: OAuth2Request) -> bool:
        return False  # a nonce is the client's to check; nothing here is kept long enough to compare

    def __call__(self, grant: AuthorizationCodeGrant) -> None:
        self._server = grant.server
        super().__call__(grant)

    def get_client_algorithm(self, _client: Client) -> str:
        return ALGORITHM

    def get_encode_header(self, _client: Client) -> dict[str, str]:
        return {"alg": ALGORITHM, "kid": self._server.issued.kid}

    def get_client_claims(self, client: Client) -> dict[str, object]:
        return {"iss": self._server.issuer, "aud": client.client_id, "exp": int(time.time()) + TOKEN_SECONDS}

    def resolve_client_private_key(self, _client: Client) -> ECKey:
        key: ECKey = self._server.issued.key
        return key

    def generate_user_info(self, user: Person, scope: str) -> UserInfo:
        return user.claims(scope)


class _Issuer(IssuerParameter):  # type: ignore[misc] # Authlib ships no types
    def __init__(self, server: ProtocolServer) -> None:
        self._server = server
        self(server)

    def get_issuer(self) -> str:
        return self._server.issuer


def _issuer_parameter(server: ProtocolServer) -> _Issuer:
    return _Issuer(server)
