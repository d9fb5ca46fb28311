"""What a provider asked for and did not get. It is audited, in a transaction that its refusal does not undo."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from scim2_models import ForbiddenException

if TYPE_CHECKING:
    from uuid import UUID


class ProvisioningRefusedError(ForbiddenException):
    """403, with what the audit is to say."""

    action: str
    subject_kind: str
    subject_id: UUID


def refuse(action: str, subject_kind: str, subject_id: UUID, detail: str) -> NoReturn:
    """Stop here.

    Raises:
        ProvisioningRefusedError: always.
    """
    refused = ProvisioningRefusedError(detail=detail)
    refused.action, refused.subject_kind, refused.subject_id = action, subject_kind, subject_id
    raise refused
