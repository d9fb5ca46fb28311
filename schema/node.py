from __future__ import annotations

import strawberry

from auth.permissions import PUBLIC
from schema.fields import key


@strawberry.interface(description="An object with a global id.")
class Node:
    id: strawberry.ID = key(requires=PUBLIC)
