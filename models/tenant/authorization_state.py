from __future__ import annotations

from tortoise import fields
from tortoise.models import Model


class AuthorizationState(Model):
    """One row: the number of changes so far to who may do what in this tenant.

    Triggers on the tables that decide it count up, so no code path can forget to. Every transaction compares it
    with the version that the caller's grants were resolved at, and a difference means: resolve them again.
    """

    id = fields.SmallIntField(primary_key=True, generated=False, default=1)
    version = fields.BigIntField(default=1)

    class Meta:
        table = "authorization_state"
