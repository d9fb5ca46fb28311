"""The caller of a request, once the token has been verified and the grants resolved."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from auth.acting import Acting
    from auth.grants import Grants
    from auth.permissions import Requirement
    from tenancy.placement import TenantPlacement


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who is asking, and what they may.

    Attributes:
        tenant: where the tenant's data is; it comes from the verified token and nothing else.
        member_id: the member, a key in the tenant's own schema.
        session_id: the session that the access token belongs to.
        grants: what the member may do, as of ``authorization_version``.
        authorization_version: compared by every transaction, so that outdated grants are never acted on.
        acting: what stands between the caller and the member; ``None``: it is the member, who signed in.
        authenticated_at: when the identity provider saw the person, in seconds since the epoch; 0: it does not say.
    """

    tenant: TenantPlacement
    member_id: UUID
    session_id: UUID
    grants: Grants
    authorization_version: int
    acting: Acting | None = None
    authenticated_at: int = 0

    def may(self, requirement: Requirement, org_unit_id: UUID | None) -> bool:
        """Whether the viewer holds ``requirement`` for a thing of this org unit."""
        return self.grants.allows(requirement, org_unit_id)

    def has_signed_in_within(self, seconds: int) -> bool:
        """Whether it is a person whom their provider has seen so short a while ago. A script or a client never is."""
        return self.acting is None and time.time() - self.authenticated_at <= seconds
