"""Starting the servers that are measured, each as a process of its own on the server's core."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from bench.processes import running_on

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

START_SECONDS: Final = 60
STOP_SECONDS: Final = 15
_LAST_WORDS: Final = 2_000


class ServerError(RuntimeError):
    """A server does not start, or answers with an error. The message ends with its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        pid: its process, with others below it perhaps.
        port: where it listens, on the loopback address.
        started_after: seconds from its start to its first answer.
    """

    pid: int
    port: int
    started_after: float

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, bytes]:
        """Send one request by a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=START_SECONDS)
        try:
            connection.request("POST", path, body, {"content-type": "application/json", **headers})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


@contextmanager
def running_server(
    command: Sequence[str | Path], environment: Mapping[str, str], *, port: int, cores: frozenset[int], log: Path
) -> Iterator[Server]:
    """Run a server until the block ends. What it prints goes to ``log``, as a supervisor would have it.

    It does not see the settings that the bench itself was given.

    Raises:
        ServerError: it does not answer.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FIELDGATE_")}
    with log.open("wb") as output, running_on(cores):
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 - commands of ours
            command,
            env={**inherited, **environment},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait_for(process, port, log)
        yield Server(process.pid, port, time.monotonic() - started)
    finally:
        _stop(process)


def _wait_for(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_SECONDS)
            connection.request("GET", "/readyz")
            connection.getresponse()
            connection.close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    message = f"{process.args!r} does not answer: {log.read_text(errors='replace')[-_LAST_WORDS:]}"
    raise ServerError(message)


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
