from __future__ import annotations

from tortoise import fields

from models.shared.base import SHARED_SCHEMA, SharedModel


class SigningKey(SharedModel):
    """A key pair that signs access tokens. It stops signing first (retired) and is published until nothing needs it."""

    kid = fields.CharField(max_length=64, unique=True)
    algorithm = fields.CharField(max_length=16)
    public_jwk: fields.Field[dict[str, str]] = fields.JSONField()
    private_key_encrypted = fields.BinaryField()
    retired_at = fields.DatetimeField(null=True)
    # From then on tokens under this key are refused and the key is no longer published.
    not_after = fields.DatetimeField(null=True)

    class Meta:
        table = "signing_key"
        schema = SHARED_SCHEMA
