"""Which addresses of the network an identity provider may be at.

A tenant says where its provider is, so a tenant could have us ask our own machines: a database, another tenant's
service, the metadata endpoint of the cloud. What a name means is therefore decided by the addresses that it has at the
moment of connecting, and the connection goes to one of exactly those: a name that changes its mind in between
(DNS rebinding) gets nowhere.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TYPE_CHECKING, Final, Protocol

import httpcore2

from auth.sso.refusal import Refusal, SignInRefusedError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from settings import Settings

# Not private by their numbers, and answered by the host of a virtual machine: Azure's WireServer, Oracle's metadata.
_CLOUD_HOSTS: Final = (ip_network("168.63.129.16/32"), ip_network("192.0.0.0/24"))
# Addresses of version 4 written as version 6 (RFC 6052): what counts is what they stand for.
_TRANSLATED: Final = IPv6Network("64:ff9b::/96")


class Resolver(Protocol):
    """Finds the addresses that a name has now."""

    async def __call__(self, host: str, port: int) -> Sequence[str]: ...


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """The addresses as this machine's resolver knows them."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether anybody may be there: neither us, nor our network, nor what only looks like a public address."""
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or (IPv4Address(int(address) & 0xFFFFFFFF) if address in _TRANSLATED else None)
        if inner is not None:
            return is_public(inner)
        if address.sixtofour is not None or address.teredo is not None or address.is_site_local:
            return False
    if address.is_multicast or address.is_reserved or any(address in network for network in _CLOUD_HOSTS):
        return False
    return address.is_global


class AllowedAddresses:
    """The addresses that this server may connect to for the sake of a tenant."""

    def __init__(self, settings: Settings) -> None:
        self._networks: Final = settings.provider_network_list
        # A developer's identity provider is a program on the same machine.
        self._loopback: Final = settings.environment == "development"

    def __contains__(self, address: object) -> bool:
        """Whether one address is among them."""
        if not isinstance(address, IPv4Address | IPv6Address):
            return False
        return (
            is_public(address)
            or (self._loopback and address.is_loopback)
            or any(address in network for network in self._networks)
        )


class GuardedBackend(httpcore2.AsyncNetworkBackend):
    """Connects to a name only by an address that was looked at.

    The pool above it goes on keying connections, and checking certificates, by name.
    """

    def __init__(
        self,
        allowed: AllowedAddresses,
        *,
        resolver: Resolver = system_resolver,
        inner: httpcore2.AsyncNetworkBackend | None = None,
    ) -> None:
        self._allowed = allowed
        self._resolver = resolver
        self._inner = inner or httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the base class's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Resolve, check every address, connect to the first that answers.

        Raises:
            SignInRefusedError: one of the addresses is not for tenants to name. One is enough: a name with a public
                and a private address was made to be tried until the private one comes up.
        """
        addresses = [_parsed(text) for text in await self._resolver(host, port)]
        if not addresses or any(address not in self._allowed for address in addresses):
            raise SignInRefusedError(Refusal.UNSAFE_ADDRESS)
        failure: httpcore2.ConnectError | httpcore2.ConnectTimeout | None = None
        for address in dict.fromkeys(addresses):
            try:
                return await self._inner.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as refused:
                failure = refused
        assert failure is not None  # noqa: S101 # there was an address, and it did not answer
        raise failure

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109 - as above
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Never: no provider is a file on this machine.

        Raises:
            SignInRefusedError: always.
        """
        del path, timeout, socket_options
        raise SignInRefusedError(Refusal.UNSAFE_ADDRESS)

    async def sleep(self, seconds: float) -> None:
        """Wait, as the pool asks for between attempts."""
        await asyncio.sleep(seconds)


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("%")[0])
    except ValueError:
        return None
