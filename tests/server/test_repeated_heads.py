"""Requests whose head came before: to whoever answers them they are what the parser would have made of them."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from server.http_protocol import BoundedHttpProtocol
from server.repeated_heads import MOST_BYTES, MOST_HEAD_BYTES, MOST_HEADS, RepeatedHeads, meanings_of
from server.whole_messages import send_whole
from tests.server.wire import ACME_TOKEN, GLOBEX_TOKEN, wire

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from server.repeated_heads import Head

SEED: Final = 2026
CONNECTIONS: Final = 400
TURNS: Final = 200
BODY: Final = b'{"query":"{ __typename }"}'

# What the server keeps in a scope for itself.
OWN: Final = frozenset({"fieldgate.cycle", "fieldgate.head", "fieldgate.request"})


def post(body: bytes = BODY, *headers: str, path: str = "/graphql", length: int | None = None) -> bytes:
    declared = len(body) if length is None else length
    lines = [f"POST {path} HTTP/1.1", "Host: fieldgate.test", "Content-Type: application/json", *headers]
    return "\r\n".join([*lines, f"Content-Length: {declared}", "", ""]).encode() + body


MESSAGES: Final = (
    post(),
    post(BODY.replace(b"_", b"x")),
    post(b"12345"),
    post(BODY, "Authorization: Bearer a"),
    post(BODY, "Authorization: Bearer b"),
    post(BODY, path="/early"),
    post(BODY, path="/late"),
    post(BODY, path="/whole"),
    post(BODY, path="/graphql?a=%62#c"),
    post(BODY, path="/gr%61phql"),
    post(BODY, "Connection: keep-alive"),
    post(BODY, "X-Twice: 1", "X-Twice: 2", "ACCEPT: */*"),
    # Bodies that look like more than one message, or hold another empty line.
    post(post()),
    post(b"\r\n\r\n" + BODY),
    post(b"\r\n" * 20),
    # A body of nothing, and one that is never declared.
    post(b""),
    b"GET /graphql HTTP/1.1\r\nHost: fieldgate.test\r\n\r\n",
    b"GET /graphql HTTP/1.1\r\nHost: fieldgate.test\r\nContent-Length: 5\r\n\r\n12345",
    b"HEAD /graphql HTTP/1.1\r\nHost: fieldgate.test\r\n\r\n",
    b"POST /graphql HTTP/1.1\r\nHost: fieldgate.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n0\r\n\r\n",
    # An empty line before a message is no part of it.
    b"\r\n" + post(),
    b"\r\n\r\n" + post(BODY, "Authorization: Bearer a"),
)
# Behind these a connection is of little use any more.
LAST_MESSAGES: Final = (
    post(BODY, length=len(BODY) + 3),
    post(BODY, length=len(BODY) - 3),
    post(BODY, "Connection: close"),
    post(BODY, "Expect: 100-continue"),
    post(BODY, "Connection: Upgrade", "Upgrade: h2c"),
    post(BODY, f"Content-Length: {len(BODY)}"),
    post(BODY, "Transfer-Encoding: chunked"),
    post(BODY, "Bad Name: 1"),
    post(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
    post(BODY).replace(b"\r\n", b"\n"),
    post(BODY + b" " * 4).replace(b"\r\n", b"\n").replace(b" " * 4, b"\r\n\r\n"),
    post(BODY, "X-Folded: a\r\n b"),
    b"nothing of the kind\r\n\r\n",
)


class Line(asyncio.Transport):
    """A connection of which nothing gets lost."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closed:
            self.written += data

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio's own
        return {"peername": ("192.0.2.1", 4711), "sockname": ("192.0.2.2", 443)}.get(name, default)

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...


class Nothing(RepeatedHeads):
    """Knows no head again."""

    def find(self, data: bytes) -> Head | None:  # noqa: ARG002 - as the real one's
        return None


class Application:
    """Answers, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[dict[str, object], bytes]] = []
        self.repeated = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        asked: dict[str, object] = {name: value for name, value in scope.items() if name not in OWN}
        asked |= {"headers": list(scope["headers"]), "asgi": dict(scope["asgi"]), "state": dict(scope["state"])}
        body = b""
        # What an application does to its scope is its own affair.
        scope["headers"].append((b"left", b"behind"))
        scope["asgi"]["left"] = scope["state"]["left"] = scope["left"] = "behind"
        self.repeated += meanings_of(scope) is not None
        if scope["path"] == "/late":
            for _ in range(5):
                await asyncio.sleep(0)
        more = scope["path"] != "/early"
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.asked.append((asked, body))
        answer = b"%d" % len(self.asked)
        if scope["path"] == "/whole" and send_whole(scope, 200, (), b"", answer):
            return
        headers = [(b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


def connection(
    app: ASGIApp,
    heads: RepeatedHeads | None = None,
    **config: Any,  # noqa: ANN401 - uvicorn's
) -> tuple[BoundedHttpProtocol, Line]:
    configured = Config(app, server_header=False, access_log=False, log_config=None, **config)
    configured.load()
    configured.loaded_app = app
    line = Line()
    protocol = BoundedHttpProtocol(config=configured, server_state=ServerState(), app_state={"of": "the server"})
    protocol.connection_made(line)
    if heads is not None:
        protocol._heads = heads  # noqa: SLF001 - what is tested
    return protocol, line


async def played(protocol: BoundedHttpProtocol, pieces: Sequence[tuple[bytes, bool]]) -> None:
    """Let the pieces come; behind those that say so, all is answered before the next one."""
    for piece, pause in pieces:
        if not protocol.transport.is_closing():
            protocol.data_received(piece)
        if pause:
            await answered(protocol)
    await answered(protocol)
    protocol.connection_lost(None)
    async with asyncio.timeout(10):
        await asyncio.gather(*protocol.tasks)


async def answered(protocol: BoundedHttpProtocol) -> None:
    """Nobody here waits for anything but the rest of a body: what can be answered takes a few turns each."""
    for _ in range(TURNS):
        if not protocol.tasks:
            break
        await asyncio.sleep(0)


def random_pieces(random: Random) -> list[tuple[bytes, bool]]:
    some = random.sample(MESSAGES, k=random.randint(1, MOST_HEADS + 2))
    messages = random.choices(some, k=random.randint(2, 14))
    if random.random() < 0.3:
        messages.insert(random.randint(1, len(messages)), random.choice(LAST_MESSAGES))
    pieces: list[tuple[bytes, bool]] = []
    for message in messages:
        if random.random() < 0.1:
            cut = random.randrange(len(message) + 1)
            pieces += [(message[:cut], random.random() < 0.5), (message[cut:], random.random() < 0.8)]
        elif random.random() < 0.1 and pieces:
            pieces[-1] = (pieces[-1][0] + message, random.random() < 0.8)
        else:
            pieces.append((message, random.random() < 0.8))
    return pieces


async def test_whatever_comes_it_is_what_the_parser_makes_of_it() -> None:
    random = Random(SEED)  # noqa: S311 - no secret
    repeated = 0
    for _ in range(CONNECTIONS):
        pieces = random_pieces(random)
        seen = []
        for heads in (RepeatedHeads(), Nothing()):
            app = Application()
            protocol, line = connection(app, heads)
            await played(protocol, pieces)
            seen.append((app.asked, line.written, line.closed))
            repeated += app.repeated
        assert seen[0] == seen[1], pieces
    assert repeated > CONNECTIONS, "a good part is to go the way that is tested"


async def test_the_same_bytes_are_parsed_once() -> None:
    app = Application()
    protocol, line = connection(app)
    await played(protocol, [(post(), True)] * 5)
    assert app.repeated == 4
    assert line.written.count(b"HTTP/1.1 200") == 5
    assert all(asked == app.asked[0] for asked in app.asked)


@pytest.mark.parametrize(
    "message",
    [
        post(BODY, length=len(BODY) + 1)[:-1],
        post(BODY, "Transfer-Encoding: chunked"),
        post(BODY, "Expect: 100-continue"),
        post(BODY, "Connection: close"),
        post(BODY, "X-Long: " + "x" * MOST_HEAD_BYTES),
        post(b" " * MOST_BYTES),
        post(BODY).replace(b"HTTP/1.1", b"HTTP/1.0"),
        b"GET /graphql HTTP/1.1\r\nHost: fieldgate.test\r\n\r\n",
        b"\r\n" + post(),
    ],
)
async def test_what_is_unusual_is_parsed_each_time(message: bytes) -> None:
    app = Application()
    protocol, _ = connection(app)
    await played(protocol, [(message, True)] * 3)
    assert app.repeated == 0


async def test_a_request_inside_a_body_is_none() -> None:
    app = Application()
    protocol, _ = connection(app)
    hidden = post(post(BODY, "Authorization: Bearer hidden"))
    await played(protocol, [(hidden, True)] * 3)
    assert app.repeated == 2
    assert {body for _, body in app.asked} == {post(BODY, "Authorization: Bearer hidden")}


async def test_a_body_that_comes_late_is_no_request_whatever_it_looks_like() -> None:
    app = Application()
    protocol, line = connection(app)
    whole = post(post(), path="/early")
    head = whole[: -len(post())]
    await played(protocol, [(post(), True), (head, True), (post(), True), (post(), True)])
    assert [asked["path"] for asked, _ in app.asked] == ["/graphql", "/early", "/graphql"]
    assert line.written.count(b"HTTP/1.1 200") == 3


async def test_a_connection_does_not_idle_while_what_came_again_is_answered() -> None:
    app = Application()
    protocol, _ = connection(app)
    idles = []
    for _ in range(2):
        protocol.data_received(post(path="/late"))
        await asyncio.sleep(0)
        idles.append(protocol._idle_since is not None)  # noqa: SLF001 - what is tested
        await answered(protocol)
        idles.append(protocol._idle_since is not None)  # noqa: SLF001 - as above
    assert app.repeated == 1
    assert idles == [False, True] * 2


async def test_more_than_one_message_is_for_the_parser() -> None:
    app = Application()
    protocol, _ = connection(app)
    other = post(BODY, "Authorization: Bearer other")
    both = post() + other
    await played(protocol, [(both, True), (both, True), (both[:-20], True), (both[-20:], True), (other, True)])
    assert [body for _, body in app.asked] == [BODY] * 7
    assert app.repeated == 0


async def test_a_connection_keeps_few_heads_and_forgets_the_oldest() -> None:
    app = Application()
    protocol, _ = connection(app)
    several = [post(BODY, f"Authorization: Bearer {number}") for number in range(MOST_HEADS + 1)]
    for message in several:
        protocol.data_received(message)
        await answered(protocol)
    assert app.repeated == 0
    protocol.data_received(several[-1])
    await answered(protocol)
    assert app.repeated == 1
    await played(protocol, [(several[0], True)])
    assert app.repeated == 1


async def test_no_head_is_known_on_another_connection() -> None:
    app = Application()
    for _ in range(2):
        protocol, _ = connection(app)
        await played(protocol, [(post(), True)])
    assert app.repeated == 0


async def test_a_bound_on_what_runs_at_once_is_left_to_uvicorn() -> None:
    app = Application()
    protocol, _ = connection(app, limit_concurrency=100)
    await played(protocol, [(post(), True)] * 3)
    assert (app.repeated, len(app.asked)) == (0, 3)


async def test_each_request_is_answered_for_its_own_token_and_no_longer_than_that_holds() -> None:
    behind = wire()
    protocol, line = connection(behind.app)
    acme, globex = (post(BODY, f"Authorization: Bearer {token}") for token in (ACME_TOKEN, GLOBEX_TOKEN))
    for message in (acme, globex, acme, globex):
        protocol.data_received(message)
        await answered(protocol)
    assert [viewer.tenant.slug for viewer in behind.engine.viewers] == ["acme", "globex", "acme", "globex"]
    del behind.tokens.viewers[ACME_TOKEN]
    await played(protocol, [(acme, True), (globex, True)])
    assert [answer.split()[0] for answer in line.written.split(b"HTTP/1.1 ")[1:]] == [b"200"] * 4 + [b"401", b"200"]
    assert len(behind.engine.viewers) == 5
