"""Who takes part, and how each is started and spoken to."""

from __future__ import annotations

import base64
import json
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from bench.database import client_environment
from bench.documents import Dialect
from bench.node import node
from bench.servers import ServerError, free_port, running_server
from bench.workloads import ANALYST, OWNER, REGIONAL

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bench.opening import Bench
    from bench.servers import Server
    from bench.workloads import Ask
    from settings import Settings

ROOT: Final = Path(__file__).parent.parent
PEERS: Final = ROOT / "bench" / "peers"

FIELDGATE, FIELDGATE_BY_ID = "fieldgate", "fieldgate_by_id"
POSTGRAPHILE, MERCURIUS, STRAWBERRY, BARE = "postgraphile", "mercurius", "strawberry", "bare"

_PEER_TOKENS: Final = {member: f"token-of-{member}" for member in (OWNER, ANALYST, REGIONAL)}
# The same server as `fieldgate serve` has under it, so that what is compared is what it is asked to do.
_UVICORN: Final = (sys.executable, "-P", "-m", "uvicorn", "--no-access-log", "--log-level", "warning")


@dataclass(slots=True)
class Contender:
    """A server that takes part.

    Attributes:
        name: what it is called in the results.
        dialect: how its schema is shaped.
        server: the running process.
        tokens: by member.
        has_real_tokens: whether its tokens are Fieldgate's own, which expire.
        by_id: whether it is sent ids of published documents in place of texts.
    """

    name: str
    dialect: Dialect
    server: Server
    tokens: Mapping[str, str] = field(default_factory=lambda: _PEER_TOKENS)
    has_real_tokens: bool = False
    by_id: bool = False

    def path(self, workload: str, number: int) -> str:
        """Where a request goes: the bare server keeps one answer for each."""
        return f"/{workload}/{number}" if self.name == BARE else "/graphql"

    def headers(self, ask: Ask) -> dict[str, str]:
        """What a client of it sends."""
        accept = "application/graphql-response+json, application/json;q=0.9"
        return {"authorization": f"Bearer {self.tokens[ask.member]}", "accept": accept}

    def answer(self, ask: Ask, *, version: int = 0) -> bytes:
        """Ask once, and return the body.

        Raises:
            ServerError: it is no success.
        """
        body = ask.body if ask.changes is None else ask.with_version(version)
        status, answer = self.server.post("/graphql", body, self.headers(ask))
        if status // 100 != 2:
            message = f"{self.name} answers {status}: {answer.decode(errors='replace')[:500]}"
            raise ServerError(message)
        return answer

    def read(self, body: bytes) -> dict[str, object]:
        """The ``data`` of an answer.

        Raises:
            ServerError: there is none.
        """
        answer = orjson.loads(body)
        if not isinstance(answer.get("data"), dict):
            message = f"{self.name} answers without data: {answer}"
            raise ServerError(message)
        found: dict[str, object] = answer["data"]
        return found

    def encoded(self, ask: Ask, path: str, version: int | None) -> dict[str, object]:
        """The request as the load takes it."""
        headers = {"host": "127.0.0.1", "content-type": "application/json", **self.headers(ask)}
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        head = "\r\n".join([*lines, f"content-length: {len(ask.body)}", "", ""]).encode()
        if ask.changes is None or self.name == BARE:  # which changes nothing
            return {"before": _text(head + ask.body)}
        before, after = ask.around_the_number()
        return {"before": _text(head + before), "after": _text(after), "number": version}


def asked_by_id(fieldgate: Contender) -> Contender:
    """The same running server, asked for documents by their ids."""
    return Contender(FIELDGATE_BY_ID, fieldgate.dialect, fieldgate.server, has_real_tokens=True, by_id=True)


class Starting:
    """Starts contenders on the server's core, and stops all of them at the end of its ``with``."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._running = ExitStack()
        self._environment = {**client_environment(bench.database.url), "BENCH_TABLES": bench.dataset.placement.schema}

    def __enter__(self) -> Starting:  # noqa: PYI034 - it is never subclassed
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def _start(
        self, name: str, dialect: Dialect, command: Iterable[str | Path], environment: dict[str, str], port: int
    ) -> Contender:
        log = self._bench.folder / f"{name}.log"
        server = running_server([*command], environment, port=port, cores=self._bench.cores.server, log=log)
        return Contender(name, dialect, self._running.enter_context(server))

    def fieldgate(self, *, name: str = FIELDGATE, module: str = "cli", **changes: str) -> Contender:
        """`fieldgate serve`; ``module`` is what runs it, ``changes`` are environment variables."""
        port = free_port()
        environment = {**fieldgate_environment(self._bench.settings, self._bench.key, port), **changes}
        command = [sys.executable, "-P", "-m", module, "serve"]
        contender = self._start(name, Dialect.FIELDGATE, command, environment, port)
        contender.has_real_tokens = True
        return contender

    def strawberry(self) -> Contender:
        """Strawberry on uvicorn."""
        port = free_port()
        command = [*_UVICORN, "--port", str(port), "bench.peers.strawberry_server:app"]
        return self._start(STRAWBERRY, Dialect.PLAIN, command, self._environment | self._callers({}), port)

    def mercurius(self) -> Contender:
        """Mercurius on Fastify."""
        port = free_port()
        environment = self._environment | self._callers({}) | {"BENCH_PORT": str(port), "NODE_ENV": "production"}
        return self._start(MERCURIUS, Dialect.PLAIN, [node(), PEERS / "mercurius.mjs"], environment, port)

    async def postgraphile(self) -> Contender:
        """PostGraphile on Node's own server, over views and roles that are made here."""
        port = free_port()
        names = {role: f"{self._bench.backends.database}_{role}" for role in (OWNER, ANALYST, REGIONAL)}
        views = f"{self._bench.backends.database}_views"
        script = (PEERS / "views.sql").read_text(encoding="utf-8")
        await self._bench.connection.execute(
            script.format(tables=self._bench.dataset.placement.schema, views=views, **names)
        )
        environment = (
            self._environment
            | self._callers(names)
            | {"BENCH_PORT": str(port), "BENCH_VIEWS": views, "NODE_ENV": "production", "GRAPHILE_ENV": "production"}
        )
        command = [node(), PEERS / "postgraphile.mjs"]
        return self._start(POSTGRAPHILE, Dialect.POSTGRAPHILE, command, environment, port)

    def bare(self, answers: Mapping[str, bytes]) -> Contender:
        """A server that has the answers already."""
        port = free_port()
        file = self._bench.folder / "answers.json"
        encoded = {path: _text(body) for path, body in answers.items()}
        file.write_text(json.dumps(encoded), encoding="utf-8")
        command = [*_UVICORN, "--port", str(port), "bench.peers.bare:app"]
        contender = self._start(BARE, Dialect.FIELDGATE, command, {"BENCH_ANSWERS": str(file)}, port)
        contender.has_real_tokens = True  # of which it takes no notice, but its requests are as long
        return contender

    def _callers(self, roles: Mapping[str, str]) -> dict[str, str]:
        """Who is behind each of the peers' tokens: a role, by a name of its own in the database if it has one."""
        members = {
            OWNER: self._bench.dataset.owner,
            ANALYST: self._bench.dataset.analyst,
            REGIONAL: self._bench.dataset.regional,
        }
        callers = {
            _PEER_TOKENS[name]: {"role": roles.get(name, member.role), "units": [str(unit) for unit in member.units]}
            for name, member in members.items()
        }
        return {"BENCH_CALLERS": json.dumps(callers)}


def _text(encoded: bytes) -> str:
    return base64.b64encode(encoded).decode()


def fieldgate_settings(settings: Settings, key: str) -> dict[str, object]:
    """What a server of the bench is told, by the names of settings."""
    return {
        "environment": settings.environment,
        "public_url": settings.public_url,
        "database_url": settings.database_url.get_secret_value() if settings.database_url is not None else None,
        "database_pool_size": settings.database_pool_size,
        "page_limit": settings.page_limit,
        "key_encryption_key": key,
        "shutdown_drain_seconds": 0,
    }


def fieldgate_environment(settings: Settings, key: str, port: int) -> dict[str, str]:
    """The settings of a production server as environment variables."""
    told = {**fieldgate_settings(settings, key), "listen": f"127.0.0.1:{port}"}
    return {f"FIELDGATE_{name.upper()}": str(value) for name, value in told.items()}
