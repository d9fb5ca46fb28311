"""What an ordinary resolver finds in ``info.context``."""

from __future__ import annotations

from dataclasses import dataclass

import strawberry

from auth.sso.connection import Connections
from auth.sso.domain_claims import DomainClaims
from auth.viewer import Viewer


@dataclass(frozen=True, slots=True)
class Administration:
    """What a tenant has beside its own tables, for its owners to look after."""

    connections: Connections
    domains: DomainClaims


@dataclass(frozen=True, slots=True)
class Context:
    """The request, as far as a resolver may know it.

    Attributes:
        viewer: who asks.
        request_id: as the log has it.
        administered: ``None`` where an engine was made without, for no more than a tenant's tables.
    """

    viewer: Viewer
    request_id: str
    administered: Administration | None

    @property
    def administration(self) -> Administration:
        """What is administered.

        Raises:
            LookupError: this engine was made without.
        """
        if self.administered is None:
            message = "the engine was made without an administration"
            raise LookupError(message)
        return self.administered


Info = strawberry.Info[Context, None]
