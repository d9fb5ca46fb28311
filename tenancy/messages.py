"""Messages to PostgreSQL and from it, as bytes.

Those of PostgreSQL's documentation, "Frontend/Backend Protocol", section "Message Formats".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import asyncpg

if TYPE_CHECKING:
    from collections.abc import Iterator

# Kinds of what PostgreSQL says.
COMPLETE: Final = ord("C")
ERROR: Final = ord("E")
READY: Final = ord("Z")
# Parameters, notices and notifications come at any time, whatever they come between.
AT_ANY_TIME: Final = frozenset(b"SNA")

HEADER_BYTES: Final = 5

# The server was restarted, or the connection cut off, since it was last used.
SERVER_GONE: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.InterfaceError,
    # Said for the moment between PostgreSQL's last words on a connection and its end.
    asyncpg.InternalClientError,
    OSError,
)

# Run the portal without a name, to the last row.
EXECUTE: Final = b"E\0\0\0\x09\0\0\0\0\0"
# End of what belongs together: PostgreSQL answers now, and after an error goes on here.
SYNC: Final = b"S\0\0\0\x04"


def parse(name: bytes, sql: str) -> bytes:
    """Prepare a statement under a name."""
    return _message(b"P", name + b"\0" + sql.encode() + b"\0\0\0")


def bind(name: bytes, values: bytes, formats: bytes) -> bytes:
    """Give a prepared statement its parameters, in the portal without a name.

    Args:
        name: of the statement.
        values: as :func:`counted_values` makes them.
        formats: as :func:`counted_formats` makes them.
    """
    return b"B%b\0%b\0\0\0%b%b" % (
        (len(name) + len(values) + len(formats) + 8).to_bytes(4, "big"),
        name,
        values,
        formats,
    )


def close(name: bytes) -> bytes:
    """Give up a prepared statement. It is no error if there is none."""
    return _message(b"C", b"S" + name + b"\0")


def counted_values(values: list[bytes | None]) -> bytes:
    """The parameters of a statement, each in its form as text; ``None`` is null.

    Raises:
        OverflowError: there are more than the protocol can count.
    """
    parts = [len(values).to_bytes(2, "big")]
    for value in values:
        if value is None:
            parts.append(b"\xff\xff\xff\xff")
        else:
            parts += (len(value).to_bytes(4, "big"), value)
    return b"".join(parts)


def counted_formats(formats: tuple[int, ...]) -> bytes:
    """In which form each column is wanted: 0 is text, 1 is binary."""
    return b"".join(each.to_bytes(2, "big") for each in (len(formats), *formats))


def framed(data: bytes, start: int = 0) -> Iterator[tuple[int, int, int]]:
    """The messages that are whole: the kind of each, and where it begins and ends."""
    while len(data) - start >= HEADER_BYTES:
        end = start + 1 + int.from_bytes(data[start + 1 : start + HEADER_BYTES], "big")
        if end > len(data):
            return
        yield data[start], start, end
        start = end


def error(message: bytes) -> asyncpg.PostgresError:
    """What PostgreSQL says is wrong, as the driver says it."""
    parts = message[HEADER_BYTES:].split(b"\0")
    fields = {chr(each[0]): each[1:].decode(errors="replace") for each in parts if each}
    return cast("asyncpg.PostgresError", asyncpg.PostgresError.new(fields))


def _message(kind: bytes, body: bytes) -> bytes:
    return kind + (len(body) + 4).to_bytes(4, "big") + body
