"""Which client is asking: ``client_secret_basic`` (RFC 6749, 2.3.1) or ``private_key_jwt`` (RFC 7523)."""

from __future__ import annotations

import base64
import binascii
import hmac
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote_plus
from uuid import UUID

from auth.oauth.client_assertion import ASSERTION_TYPE, read_assertion, verified_assertion
from auth.oauth.refused_client import RefusedClientError
from auth.scannable_secret import CLIENT_SECRET, digest, has_form
from models.shared import Client
from tenancy.errors import UnknownTenantError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from settings import Settings
    from tenancy.directory import Directory
    from tenancy.placement import TenantPlacement

CLIENT_SECRET_BASIC: Final = "client_secret_basic"  # noqa: S105 # RFC 8414's name of the method
PRIVATE_KEY_JWT: Final = "private_key_jwt"
METHODS: Final = (CLIENT_SECRET_BASIC, PRIVATE_KEY_JWT)

_BASIC: Final = "basic "
_MAX_CREDENTIALS: Final = 1024
# Compared where there is no hash to compare with, so that no answer is quicker than another.
_NO_HASH: Final = bytes(32)


@dataclass(frozen=True, slots=True)
class ProvenClient:
    """A client that proved who it is.

    Attributes:
        client: its row.
        placement: where its tenant is.
        use_id: for an assertion, the id of its one use, which is to be inserted before anything is done for it.
    """

    client: Client
    placement: TenantPlacement
    use_id: UUID | None


class ClientAuthentication:
    """Believes or refuses clients."""

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self._settings = settings
        self._directory = directory

    async def prove(self, authorization: str | None, parameters: Mapping[str, str]) -> ProvenClient | None:
        """The client behind a request; ``None`` when the request does not say that there is one.

        Args:
            authorization: the request's header.
            parameters: of its body.

        Raises:
            RefusedClientError: it says so and does not prove it, or says it in two ways at once.
        """
        by_secret = authorization is not None and authorization[: len(_BASIC)].lower() == _BASIC
        by_assertion = bool({"client_assertion", "client_assertion_type"} & parameters.keys())
        if "client_secret" in parameters or (by_secret and by_assertion):
            message = "more ways to prove it than one, or one that is not offered"
            raise RefusedClientError(message)
        if by_secret and authorization is not None:
            proven = await self._by_secret(authorization[len(_BASIC) :])
        elif by_assertion:
            proven = await self._by_assertion(parameters)
        else:
            return None
        if parameters.get("client_id", str(proven.client.id)) != str(proven.client.id):
            message = "names another client beside itself"
            raise RefusedClientError(message)
        return proven

    async def _by_secret(self, encoded: str) -> ProvenClient:
        client_id, secret = _credentials(encoded)
        client = await Client.get_or_none(id=client_id)
        shown = digest(secret)
        hashes = _accepted_hashes(client) if client is not None else []
        # Every comparison is made, whatever the ones before came to.
        matches = [hmac.compare_digest(shown, stored) for stored in [*hashes, _NO_HASH]]
        if client is None or not any(matches):
            message = "no such client, or another secret"
            raise RefusedClientError(message)
        return await self._proven(client, None)

    async def _by_assertion(self, parameters: Mapping[str, str]) -> ProvenClient:
        if parameters.get("client_assertion_type") != ASSERTION_TYPE:
            message = "an assertion of another type"
            raise RefusedClientError(message)
        assertion = read_assertion(parameters.get("client_assertion", ""))
        client = await Client.get_or_none(id=assertion.client_id)
        if client is None:
            message = "no such client"
            raise RefusedClientError(message)
        return await self._proven(client, verified_assertion(self._settings, assertion, client))

    async def _proven(self, client: Client, use_id: UUID | None) -> ProvenClient:
        if not client.enabled or (client.expires_at is not None and client.expires_at <= datetime.now(UTC)):
            message = "the client is switched off or has expired"
            raise RefusedClientError(message)
        try:
            return ProvenClient(client, await self._directory.by_id(client.tenant_id), use_id)
        except UnknownTenantError as failure:
            message = "the tenant is not served"
            raise RefusedClientError(message) from failure


def _credentials(encoded: str) -> tuple[UUID, str]:
    message = "not the credentials of a client"
    if len(encoded) > _MAX_CREDENTIALS:
        raise RefusedClientError(message)
    try:
        name, _, password = base64.b64decode(encoded.strip(), validate=True).decode("ascii").partition(":")
        client_id = UUID(unquote_plus(name, errors="strict"))
        secret = unquote_plus(password, errors="strict")
    except (binascii.Error, ValueError) as failure:
        raise RefusedClientError(message) from failure
    if not has_form(CLIENT_SECRET, secret):
        raise RefusedClientError(message)
    return client_id, secret


def _accepted_hashes(client: Client) -> list[bytes]:
    hashes: list[bytes | None] = [client.secret_hash]
    until = client.previous_secret_expires_at
    if until is not None and until > datetime.now(UTC):
        hashes.append(client.previous_secret_hash)
    return [bytes(each) for each in hashes if each is not None]
