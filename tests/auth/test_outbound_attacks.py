"""Row O21: a tenant says where its provider is. It may not be anywhere that only we can reach, nor take for ever."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import TYPE_CHECKING, Final

import httpcore2
import httpx2
import pytest

from auth.sso import outbound as outbound_module
from auth.sso.attempt import new_attempt
from auth.sso.oidc import OpenIdConnect
from auth.sso.outbound import MAX_BYTES, CappedTransport, Outbound, guarded_transport
from auth.sso.public_address import AllowedAddresses, GuardedBackend
from auth.sso.refusal import Refusal, SignInRefusedError
from cache import open_cache
from settings import Settings
from tests.auth.provider_double import PROVIDER
from tests.auth.tokens import SETTINGS

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence

# Copies are not validated again, so this is a production server without a production server's secrets.
PRODUCTION: Final = SETTINGS.model_copy(update={"environment": "production"})
ADDRESS: Final = "https://idp.example/.well-known/openid-configuration"
PUBLIC: Final = "93.184.215.14"


class RecordedBackend(httpcore2.AsyncNetworkBackend):
    """Goes nowhere, and remembers where it was told to go."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - the signature is the base class's
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        del port, timeout, local_address, socket_options
        self.asked.append(host)
        raise httpcore2.ConnectError


class Names:
    """A resolver that says something else each time, and the same from the last answer on."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.questions = 0

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        del host, port
        self.questions += 1
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def gateway(settings: Settings, names: Names) -> tuple[Outbound, RecordedBackend]:
    recorded = RecordedBackend()
    backend = GuardedBackend(AllowedAddresses(settings), resolver=names, inner=recorded)
    return Outbound(settings, guarded_transport(settings, backend)), recorded


async def reason(outbound: Outbound, address: str = ADDRESS) -> Refusal:
    with pytest.raises(SignInRefusedError) as refused:
        await outbound.fetch_object(address)
    await outbound.close()
    return refused.value.reason


@pytest.mark.parametrize(
    "found",
    [
        "127.0.0.1",
        "127.1.2.3",
        "0.0.0.0",  # noqa: S104 - an address that a name has, not one to listen at
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:7f00:1::",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "fd00:ec2::254",
        "ff02::1",
        "not an address",
    ],
)
async def test_o21_a_name_of_an_address_that_only_we_can_reach_is_refused(found: str) -> None:
    for answer in ([found], [PUBLIC, found], [found, PUBLIC]):
        outbound, recorded = gateway(PRODUCTION, Names(answer))
        assert await reason(outbound) is Refusal.UNSAFE_ADDRESS
        assert recorded.asked == [], "a connection was attempted"


@pytest.mark.parametrize("found", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "::ffff:5db8:d70e"])
async def test_o21_a_public_address_is_connected_to(found: str) -> None:
    outbound, recorded = gateway(PRODUCTION, Names([found]))
    assert await reason(outbound) is Refusal.PROVIDER_UNREACHABLE
    assert recorded.asked == [found]


async def test_o21_a_name_that_changes_its_mind_gets_the_address_that_was_looked_at() -> None:
    names = Names([PUBLIC], ["127.0.0.1"])
    outbound, recorded = gateway(PRODUCTION, names)
    assert await reason(outbound) is Refusal.PROVIDER_UNREACHABLE
    assert recorded.asked == [PUBLIC]
    assert names.questions == 1, "asked again between looking and connecting"
    # The next connection looks again, and sees.
    again, recorded = gateway(PRODUCTION, names)
    assert await reason(again) is Refusal.UNSAFE_ADDRESS
    assert recorded.asked == []


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "017700000001", "127.1", "[::1]", "[::ffff:7f00:1]", "localhost"]
)
async def test_o21_every_way_to_write_this_machine_is_refused_by_the_real_resolver(host: str) -> None:
    assert await reason(Outbound(PRODUCTION), f"https://{host}:1/") in {
        Refusal.UNSAFE_ADDRESS,
        Refusal.PROVIDER_UNREACHABLE,  # no address at all: the resolver does not know such numbers
    }


async def test_o21_loopback_is_for_development_and_nothing_else_is() -> None:
    outbound, recorded = gateway(SETTINGS, Names(["127.0.0.1"]))
    assert await reason(outbound) is Refusal.PROVIDER_UNREACHABLE
    assert recorded.asked == ["127.0.0.1"]
    for private in ("10.0.0.1", "169.254.169.254"):
        outbound, recorded = gateway(SETTINGS, Names([private]))
        assert await reason(outbound) is Refusal.UNSAFE_ADDRESS


async def test_o21_an_operator_may_name_networks_where_providers_are() -> None:
    named = PRODUCTION.model_copy(update={"provider_networks": "10.1.0.0/16, fd12::/32"})
    for address, reached in (("10.1.2.3", True), ("10.2.2.3", False), ("fd12::7", True), ("fd13::7", False)):
        outbound, recorded = gateway(named, Names([address]))
        await reason(outbound)
        assert bool(recorded.asked) is reached


def test_a_network_that_is_none_stops_the_start() -> None:
    with pytest.raises(ValueError, match="PROVIDER_NETWORKS"):
        Settings(environment="development", provider_networks="10.1.0.0/33")


# --- Over real sockets, on this machine ------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def listening(
    answer: Callable[[asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A server that reads a request and then does as it likes."""
    seen: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # Also the end of the server in the middle of an answer, which asyncio would report as an error of ours.
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            seen.append(await reader.readuntil(b"\r\n\r\n"))
            await answer(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()


async def plain(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n" + b'{"a": true}')
    await writer.drain()


async def test_o21_the_network_is_really_used_where_it_is_allowed() -> None:
    async with listening(plain) as (address, seen):
        outbound = Outbound(SETTINGS)
        assert await outbound.fetch_object(address) == {"a": True}
        await outbound.close()
        assert len(seen) == 1


async def test_o21_the_network_is_really_not_used_where_it_is_not() -> None:
    async with listening(plain) as (address, seen):
        # Past the check of the scheme, as a production server would be with https.
        transport = CappedTransport(guarded_transport(PRODUCTION))
        async with httpx2.AsyncClient(transport=transport) as client:
            with pytest.raises(SignInRefusedError) as refused:
                await client.get(address)
        assert refused.value.reason is Refusal.UNSAFE_ADDRESS
        assert seen == []


async def test_o21_a_redirect_to_the_metadata_of_the_cloud_is_not_followed() -> None:
    async with listening(plain) as (inside, asked):

        async def redirect(writer: asyncio.StreamWriter) -> None:
            writer.write(f"HTTP/1.1 302 Found\r\nLocation: {inside}/latest\r\nContent-Length: 0\r\n\r\n".encode())
            await writer.drain()

        async with listening(redirect) as (address, _):
            assert await reason(Outbound(SETTINGS), address) is Refusal.PROVIDER_ANSWER
        assert asked == []


async def test_o21_ten_gigabytes_are_not_read() -> None:
    sent = 0

    async def endless(writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 10737418240\r\n\r\n")
        while True:
            writer.write(b"x" * 65_536)
            await writer.drain()
            sent += 65_536

    async with listening(endless) as (address, _):
        assert await reason(Outbound(SETTINGS), address) is Refusal.PROVIDER_ANSWER
        # What fills the buffers of the sockets has been sent without having been read.
        assert sent < MAX_BYTES + 32 * 1024 * 1024


async def drip(writer: asyncio.StreamWriter) -> None:
    """Fast enough for every timeout that starts anew with each byte, and never done."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def silent(writer: asyncio.StreamWriter) -> None:
    del writer
    await asyncio.sleep(30)


@pytest.mark.parametrize("slow", [drip, silent])
async def test_o21_a_body_that_takes_for_ever_is_given_up(
    monkeypatch: pytest.MonkeyPatch, slow: Callable[[asyncio.StreamWriter], Awaitable[None]]
) -> None:
    monkeypatch.setattr(outbound_module, "TOTAL_SECONDS", 0.3)
    async with listening(slow) as (address, _):
        started = time.monotonic()
        assert await reason(Outbound(SETTINGS), address) is Refusal.PROVIDER_UNREACHABLE
        assert time.monotonic() - started < 5


async def test_o21_a_token_endpoint_that_takes_for_ever_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outbound_module, "TOTAL_SECONDS", 0.3)
    async with listening(drip) as (address, _):
        outbound = Outbound(SETTINGS)
        cache = open_cache(SETTINGS, namespace="test", capacity=10)
        document: dict[str, object] = {
            "issuer": PROVIDER.issuer,
            "authorization_endpoint": f"{address}/authorize",
            "token_endpoint": f"{address}/token",
            "jwks_uri": f"{address}/jwks",
            "id_token_signing_alg_values_supported": ["ES256"],
        }
        await cache.set(f"{PROVIDER.id}:{PROVIDER.issuer}/.well-known/openid-configuration", document, seconds=60)
        oidc = OpenIdConnect(SETTINGS, outbound, cache)
        attempt = new_attempt(PROVIDER, "/graphql")
        with pytest.raises(SignInRefusedError) as refused:
            await oidc.identity(PROVIDER, attempt, f"code=x&state={attempt.state}")
        assert refused.value.reason is Refusal.PROVIDER_UNREACHABLE
        await outbound.close()
        await cache.close()
