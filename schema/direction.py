from __future__ import annotations

from enum import StrEnum

import strawberry


@strawberry.enum(description="Ascending sorts absent values last, descending first.")
class Direction(StrEnum):
    ASC = "ASC"
    DESC = "DESC"
