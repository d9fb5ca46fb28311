"""The socket that the server answers on."""

from __future__ import annotations

import errno
import socket
from typing import Final

_LAST_PORT: Final = 65_535


class ListenError(Exception):
    """The address cannot be listened on. The message is for the person who started the server."""


def listen(address: str) -> socket.socket:
    """A listening socket on ``host:port``, where an IPv6 host stands in brackets.

    Raises:
        ListenError: the address cannot be listened on.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or int(port) > _LAST_PORT:
        message = f"FIELDGATE_LISTEN must be host:port, not {address!r}"
        raise ListenError(message)
    host = host.removeprefix("[").removesuffix("]")
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, int(port)), family=family, backlog=2048)
    except OSError as failure:
        is_taken = failure.errno == errno.EADDRINUSE
        reason = "is taken by another program" if is_taken else f"cannot be used ({failure})"
        message = f"The address {address} {reason}. Choose another with FIELDGATE_LISTEN=host:port."
        raise ListenError(message) from None
