"""Requests to identity providers. A provider is a stranger: what it sends is small, quick and plain, or refused."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import httpcore2
import httpx2

from auth.compact_jws import strict_object
from auth.sso.public_address import AllowedAddresses, GuardedBackend
from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from settings import Settings

MAX_BYTES: Final = 256 * 1024
TOTAL_SECONDS: Final = 10.0

_TIMEOUT: Final = httpx2.Timeout(5.0)
_OK: Final = 200


class _CappedStream(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_BYTES:
                raise SignInRefusedError(Refusal.PROVIDER_ANSWER)
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


class CappedTransport(httpx2.AsyncBaseTransport):
    """A transport that reads no more than ``MAX_BYTES`` of an answer, counted as they are unpacked.

    Clients close their transport with themselves, so closing this one does nothing: it is shared by all sign-ins.
    """

    def __init__(self, transport: httpx2.AsyncBaseTransport) -> None:
        self._transport = transport

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        # A small compressed body can hold a huge one, which would be unpacked behind our back.
        request.headers["Accept-Encoding"] = "identity"
        response = await self._transport.handle_async_request(request)
        if response.headers.get("Content-Encoding", "identity").lower() != "identity":
            await response.aclose()
            raise SignInRefusedError(Refusal.PROVIDER_ANSWER)
        assert isinstance(response.stream, httpx2.AsyncByteStream)  # noqa: S101 # an async transport's answer is async
        response.stream = _CappedStream(response.stream)
        return response

    async def aclose(self) -> None:
        """Nothing: see above."""


def guarded_transport(
    settings: Settings, backend: httpcore2.AsyncNetworkBackend | None = None
) -> httpx2.AsyncHTTPTransport:
    """The network, as far as a tenant may have us use it.

    A transport of our own also keeps proxies named in the environment out of sign-ins.
    """
    transport = httpx2.AsyncHTTPTransport()
    # The only way to say who connects: httpx2 makes the pool itself and takes no network backend. Looking the address
    # up first and connecting by name afterwards would leave a moment in between for the name to change its mind.
    transport._pool = httpcore2.AsyncConnectionPool(  # noqa: SLF001 # see above
        ssl_context=httpx2.create_ssl_context(),
        network_backend=backend or GuardedBackend(AllowedAddresses(settings)),
        max_connections=100,
        max_keepalive_connections=20,
        keepalive_expiry=5.0,
    )
    return transport


class Outbound:
    """Our side of the line to identity providers."""

    def __init__(self, settings: Settings, transport: httpx2.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        self._inner = transport or guarded_transport(settings)
        self.transport: Final = CappedTransport(self._inner)

    async def close(self) -> None:
        """Let go of the connections."""
        await self._inner.aclose()

    def safe_address(self, address: object) -> str:
        """The address, if a provider may be reached or a person sent there: https, with no credentials in it.

        In development plain http is good too, to this machine only.

        Raises:
            SignInRefusedError: it is no such address.
        """
        if not isinstance(address, str) or not address.isascii() or not address.isprintable() or " " in address:
            raise SignInRefusedError(Refusal.UNSAFE_ADDRESS)
        try:
            parts = urlsplit(address)
            host, _port = parts.hostname, parts.port
        except ValueError as failure:
            raise SignInRefusedError(Refusal.UNSAFE_ADDRESS) from failure
        if not host or "@" in parts.netloc or "\\" in address or parts.fragment:
            raise SignInRefusedError(Refusal.UNSAFE_ADDRESS)
        if parts.scheme == "https":
            return address
        if parts.scheme == "http" and self._settings.environment == "development" and _is_this_machine(host):
            return address
        raise SignInRefusedError(Refusal.UNSAFE_ADDRESS)

    async def fetch_object(self, address: str, *, bearer: str | None = None) -> dict[str, object]:
        """The JSON object at a safe address. Redirects are not followed: they would lead away from what was checked.

        Raises:
            SignInRefusedError: there is none to be had.
        """
        try:
            return strict_object(await self.fetch(address, accept="application/json", bearer=bearer))
        except ValueError as failure:
            raise SignInRefusedError(Refusal.PROVIDER_ANSWER) from failure

    async def fetch(self, address: str, *, accept: str, bearer: str | None = None) -> bytes:
        """What is at a safe address: see ``fetch_object``.

        Raises:
            SignInRefusedError: nothing is to be had.
        """
        headers = {"Accept": accept}
        if bearer is not None:
            headers["Authorization"] = f"Bearer {bearer}"
        try:
            async with self.deadline(), httpx2.AsyncClient(transport=self.transport, timeout=_TIMEOUT) as client:
                response = await client.get(self.safe_address(address), headers=headers)
        except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError, OSError) as failure:
            raise SignInRefusedError(Refusal.PROVIDER_UNREACHABLE) from failure
        if response.status_code != _OK:
            raise SignInRefusedError(Refusal.PROVIDER_ANSWER)
        return response.content

    def deadline(self) -> asyncio.Timeout:
        """The time that one question may take in all. A client's own timeouts start anew with every byte.

        Raises:
            TimeoutError: on leaving, when it took longer.
        """
        return asyncio.timeout(TOTAL_SECONDS)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
