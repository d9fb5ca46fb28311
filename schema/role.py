from __future__ import annotations

from auth.permissions import Permission
from models import tenant as models
from schema.fields import field, row_type
from schema.node import Node


@row_type(model=models.Role, requires=Permission.ROLE_READ, reach=None)
class Role(Node):
    """A named set of permissions."""

    key: str = field(requires=Permission.ROLE_READ)
    name: str = field(requires=Permission.ROLE_READ)
    built_in: bool = field(requires=Permission.ROLE_READ)
