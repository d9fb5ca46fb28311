"""Every setting of Fieldgate, read once at start from the environment.

Each name below is an environment variable with the prefix ``FIELDGATE_``. A secret may come from a file instead:
``FIELDGATE_DATABASE_URL_FILE=/run/secrets/database`` is read as ``FIELDGATE_DATABASE_URL``.
"""

from __future__ import annotations

import base64
import os
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

# Known to everybody who reads this file, so good for a developer's own machine and refused everywhere else.
DEVELOPMENT_KEY = base64.b64encode(b"fieldgate-development-key-32byte").decode()

KEY_BYTES = 32


class InsecureSettingsError(ValueError):
    """The settings would make a production server unsafe. The message names each setting and what to do."""


class Settings(BaseSettings):
    """What an operator decides. Defaults are those of a production server; ``fieldgate dev`` relaxes some."""

    model_config = SettingsConfigDict(env_prefix="FIELDGATE_", extra="ignore", frozen=True)

    environment: Literal["development", "production"] = "production"
    listen: str = "127.0.0.1:8000"
    public_url: str = "http://127.0.0.1:8000"
    workers: int = Field(default=1, ge=1, le=64)

    database_url: SecretStr | None = None
    database_pool_size: int = Field(default=10, ge=1, le=500)
    database_tenants_per_connection: int = Field(default=500, ge=1)
    database_statements_per_connection: int = Field(default=1_000, ge=2)
    statement_timeout_ms: int = Field(default=15_000, ge=1)
    postgres_bin_dir: Path | None = None
    data_dir: Path = Path(".data")
    redis_url: SecretStr | None = None

    key_encryption_key: SecretStr | None = None

    access_token_seconds: int = Field(default=300, ge=10, le=300)
    session_idle_seconds: int = Field(default=8 * 3600, ge=60)
    session_absolute_seconds: int = Field(default=7 * 24 * 3600, ge=60)

    # Networks inside which identity providers may be although their addresses are not public: "10.1.0.0/16, fd12::/32".
    provider_networks: str = ""
    # Whom to ask for the records that prove domains, as address:port. Absent: whom this machine asks.
    dns_server: str | None = None

    page_limit: int = Field(default=100, ge=1)
    limit_depth: int = Field(default=15, ge=1)
    limit_aliases: int = Field(default=30, ge=0)
    limit_fields: int = Field(default=2_000, ge=1)
    limit_directives: int = Field(default=50, ge=0)
    limit_tokens: int = Field(default=2_000, ge=1)
    limit_root_fields: int = Field(default=20, ge=1)
    # Selections of the same field at the same place, each with each other: 100 of one field make 4,950.
    limit_pairs: int = Field(default=5_000, ge=0)
    limit_nodes: int = Field(default=50_000, ge=1)
    limit_body_bytes: int = Field(default=1_000_000, ge=1)

    # Connections that stay open, of one member and in one process.
    limit_streams_per_member: int = Field(default=20, ge=1)
    limit_operations_per_stream: int = Field(default=100, ge=1)

    # How long /readyz says no before the socket closes. Absent: 5 in production, none in development.
    shutdown_drain_seconds: int | None = Field(default=None, ge=0)
    shutdown_grace_seconds: int = Field(default=20, ge=0)
    # Whether browsers get GraphiQL at /graphql. Absent: in development only.
    graphiql: bool | None = None
    log_format: Literal["json", "console"] = "json"

    @model_validator(mode="before")
    @classmethod
    def _read_files(cls, values: dict[str, object]) -> dict[str, object]:
        for field in cls.model_fields:
            path = os.environ.get(f"FIELDGATE_{field.upper()}_FILE")
            if path is not None and field not in values:
                values[field] = Path(path).read_text(encoding="utf-8").strip()
        return values

    @model_validator(mode="after")
    def _refuse_what_is_unsafe(self) -> Self:
        problems = self._production_problems() if self.environment == "production" else []
        if self.key_encryption_key is not None and len(self.key_encryption_key_bytes) != KEY_BYTES:
            problems.append(f"FIELDGATE_KEY_ENCRYPTION_KEY must be {KEY_BYTES} bytes in base64")
        try:
            _ = self.provider_network_list
        except ValueError as failure:
            problems.append(f"FIELDGATE_PROVIDER_NETWORKS: {failure}")
        if problems:
            raise InsecureSettingsError("; ".join(problems))
        return self

    def _production_problems(self) -> list[str]:
        problems = []
        if self.key_encryption_key is None:
            problems.append("FIELDGATE_KEY_ENCRYPTION_KEY is not set (make one with: openssl rand -base64 32)")
        elif self.key_encryption_key.get_secret_value() == DEVELOPMENT_KEY:
            problems.append("FIELDGATE_KEY_ENCRYPTION_KEY is the development key, which everybody knows")
        if urlsplit(self.public_url).scheme != "https":
            problems.append(f"FIELDGATE_PUBLIC_URL must be https in production, not {self.public_url}")
        if self.database_url is None:
            problems.append("FIELDGATE_DATABASE_URL is not set; the embedded PostgreSQL is for development")
        return problems

    @cached_property
    def key_encryption_key_bytes(self) -> bytes:
        """The 32-byte key that wraps every other key and secret at rest.

        Raises:
            InsecureSettingsError: no key is set; there is no default, not even in development.
        """
        if self.key_encryption_key is None:
            message = "FIELDGATE_KEY_ENCRYPTION_KEY is not set"
            raise InsecureSettingsError(message)
        return base64.b64decode(self.key_encryption_key.get_secret_value(), validate=True)

    @property
    def provider_network_list(self) -> tuple[IPv4Network | IPv6Network, ...]:
        """The networks of ``provider_networks``."""
        return tuple(ip_network(entry.strip()) for entry in self.provider_networks.split(",") if entry.strip())

    @property
    def drain_seconds(self) -> int:
        """How long the server stays open, saying that it is not ready, once it has been asked to stop."""
        if self.shutdown_drain_seconds is not None:
            return self.shutdown_drain_seconds
        return 5 if self.environment == "production" else 0

    @property
    def serves_graphiql(self) -> bool:
        """Whether a browser that opens the endpoint is given a page."""
        return self.environment == "development" if self.graphiql is None else self.graphiql

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the server by https only."""
        return self.public_url.startswith("https:")

    @property
    def public_origin(self) -> str:
        """Scheme, host and port of the public URL, with no path: what an ``Origin`` header must equal."""
        parts = urlsplit(self.public_url)
        return f"{parts.scheme}://{parts.netloc}"
