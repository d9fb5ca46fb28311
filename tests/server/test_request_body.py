from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect

from server.refusal import RequestRefusedError
from server.request_body import check_body_headers, read_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.types import Message, Receive

JSON = {"content-type": "application/json"}


def receive_of(messages: Iterable[Message]) -> Receive:
    pending = iter(messages)

    async def receive() -> Message:
        message = next(pending, None)
        return message if message is not None else await asyncio.get_running_loop().create_future()

    return receive


def chunk(body: bytes, *, more: bool = True) -> Message:
    return {"type": "http.request", "body": body, "more_body": more}


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", 'application/json; charset="utf-8"'])
def test_json_in_utf_8_is_taken(content_type: str) -> None:
    check_body_headers(Headers({"content-type": content_type, "content-length": "10"}), 10)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 415),
        ({"content-type": ""}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "application/graphql"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({"content-type": "multipart/form-data; boundary=x"}, 415),
        ({"content-type": "application/json; charset=utf-16"}, 415),
        ({"content-type": "text/plain; application/json"}, 415),
        ({**JSON, "content-encoding": "gzip"}, 415),
        ({**JSON, "content-encoding": "br, gzip"}, 415),
        ({**JSON, "content-length": "11"}, 413),
        ({**JSON, "content-length": "9" * 5000}, 413),
        ({**JSON, "content-length": "-1"}, 413),
        ({**JSON, "content-length": "²"}, 413),
    ],
)
def test_headers_that_promise_trouble_are_refused(headers: dict[str, str], status: int) -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        check_body_headers(Headers(headers), 10)
    assert refusal.value.status == status


async def test_a_body_in_pieces_is_put_together() -> None:
    receive = receive_of([chunk(b"12345"), chunk(b""), chunk(b"67890", more=False)])
    assert await read_body(receive, 10) == b"1234567890"


async def test_reading_stops_at_the_first_byte_too_many() -> None:
    read = 0

    async def endless() -> Message:
        nonlocal read
        read += 1
        return chunk(b"x" * 1000)

    with pytest.raises(RequestRefusedError) as refusal:
        await read_body(endless, 5000)
    assert refusal.value.status == 413
    assert refusal.value.headers["connection"] == "close"
    assert read == 6


async def test_a_body_that_never_ends_is_given_up() -> None:
    with pytest.raises(RequestRefusedError) as refusal:
        await read_body(receive_of([chunk(b"{")]), 10, seconds=0)
    assert refusal.value.status == 408


async def test_a_client_that_leaves_is_noticed() -> None:
    with pytest.raises(ClientDisconnect):
        await read_body(receive_of([chunk(b"{"), {"type": "http.disconnect"}]), 10)


async def test_a_body_that_comes_in_parts_and_pauses_is_read_to_its_end() -> None:
    loop = asyncio.get_running_loop()
    parts = [loop.create_future() for _ in range(3)]

    async def receive() -> Message:
        message: Message = await next(coming)
        return message

    coming = iter(parts)
    reading = asyncio.create_task(read_body(receive, 100))
    for number, part in enumerate(parts):
        await asyncio.sleep(0)
        part.set_result(chunk(f"{number}".encode(), more=number < 2))
    assert await reading == b"012"


async def test_who_waits_for_a_body_can_be_cancelled() -> None:
    reading = asyncio.create_task(read_body(receive_of([]), 100))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
