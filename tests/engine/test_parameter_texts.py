"""What PostgreSQL reads from a parameter's text is what it is given by the driver."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, Final

import asyncpg
import pytest
from asyncpg.pgproto import pgproto

from engine.parameter_texts import NoTextError, text
from models.tenant import CompanyStatus
from tenancy.messages import counted_values

if TYPE_CHECKING:
    from tenancy.database import Database

KEY: Final = "0190f5ea-1c6a-7cc1-9a1e-7d0b6c1f2a3b"
TEXTS: Final = ["", "NULL", "null", '"', "\\", "'", "{}", "a,b", " a ", "é日😀", "\t\n\r\x01", '\\"', "{1,2}"]
EAST: Final = timezone(timedelta(hours=5, minutes=30))


class Size(str, Enum):  # noqa: UP042 - one whose str() is not its value
    LARGE = "large"


VALUES: Final[dict[str, list[Any]]] = {
    "text": [*TEXTS, CompanyStatus.ACTIVE, Size.LARGE],
    "text[]": [[], [""], TEXTS, ["NULL"], [None, "a", None], [CompanyStatus.ACTIVE, Size.LARGE]],
    "uuid": [uuid.UUID(KEY), pgproto.UUID(KEY)],
    "uuid[]": [[], [uuid.UUID(KEY), pgproto.UUID(KEY)]],
    "int8": [0, -1, 2**63 - 1, -(2**63)],
    "int4[]": [[], [1, -2, 2**31 - 1]],
    "bool": [True, False],
    "bool[]": [[True, False]],
    "numeric": [Decimal(each) for each in ("0", "-0.50", "1E+20", "1E-20", "123456789012345678901234567890.123")],
    "numeric[]": [[Decimal("1.10"), Decimal("1E+3")]],
    "date": [date(2026, 2, 28), date(33, 1, 2), date.min, date.max],
    "date[]": [[date(2026, 2, 28), date.max]],
    "timestamptz": [datetime(2026, 1, 2, 3, 4, 5, 6, UTC), datetime(1900, 1, 1, tzinfo=EAST)],
    "timestamptz[]": [[datetime(2026, 1, 2, 3, 4, 5, tzinfo=EAST)]],
}


@pytest.mark.parametrize("kind", VALUES)
async def test_postgresql_reads_the_same_from_text(kind: str, database: Database) -> None:
    connection = await asyncpg.connect(database.url, server_settings={"DateStyle": "ISO", "TimeZone": "Asia/Tokyo"})
    try:
        for value in [*VALUES[kind], None]:
            given = text(value)
            as_text = None if given is None else given.decode()
            by_driver = await connection.fetchval(f"SELECT $1::{kind}::text", value)
            assert await connection.fetchval(f"SELECT $1::text::{kind}::text", as_text) == by_driver
    finally:
        await connection.close()


@pytest.mark.parametrize("value", [datetime(2026, 1, 2), 1.5, b"a", object(), {"a": 1}, [1.5]])  # noqa: DTZ001 - without a zone
def test_what_has_no_text_is_left_to_the_driver(value: object) -> None:
    with pytest.raises(NoTextError):
        text(value)


def test_values_are_counted_and_null_has_a_length_of_its_own() -> None:
    assert counted_values([b"ab", None, b""]) == b"\0\3\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0"
