"""Publishing and retiring documents: the operator's acts. What was once published is kept, and its id stands for it.

Ids are in frontends that were delivered long ago. So an id never comes to mean another text; it can only be retired,
and published again as it was. Triggers write down each act and tell all processes of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tortoise.expressions import Q
from tortoise.transactions import in_transaction

from models.shared import Operation
from server.operations.identifier import SHA256, digest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

# Every process keeps all that are in service.
MAXIMUM_OPERATIONS: Final = 10_000
MAXIMUM_CHARACTERS: Final = 20_000_000

_IN_SERVICE: Final = """
SELECT count(*) AS number, coalesce(sum(length(text)), 0) AS characters
FROM fieldgate.operation WHERE retired_at IS NULL
"""

# Against others who publish or retire, not against those who read.
_LOCK: Final = "LOCK TABLE fieldgate.operation IN SHARE ROW EXCLUSIVE MODE"
_AT_ONCE: Final = 500


class RegistryError(Exception):
    """Nothing was changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What publishing came to: how many documents are new, were retired before, and were in service already."""

    published: int = 0
    republished: int = 0
    unchanged: int = 0


async def publish(documents: Mapping[str, str]) -> Publication:
    """Put documents into service, all or none.

    Args:
        documents: texts by identifier, each found to be fit for it (``server/operations/checking.py``).

    Raises:
        RegistryError: an identifier stands for another text, or there would be more than processes keep.
    """
    async with in_transaction("shared") as connection:
        await connection.execute_query(_LOCK)
        known = {each.identifier: each for each in await Operation.filter(identifier__in=[*documents])}
        if others := sorted(each.identifier for each in known.values() if each.text != documents[each.identifier]):
            message = f"these ids stand for another text already, and always will: {', '.join(others)}"
            raise RegistryError(message)
        new = [
            Operation(identifier=identifier, digest=digest_of(text), text=text)
            for identifier, text in documents.items()
            if identifier not in known
        ]
        await Operation.bulk_create(new, batch_size=_AT_ONCE)
        retired = [each.id for each in known.values() if each.retired_at is not None]
        await Operation.filter(id__in=retired).update(retired_at=None, updated_at=datetime.now(UTC))
        _check_room((await connection.execute_query_dict(_IN_SERVICE))[0])
    return Publication(len(new), len(retired), len(documents) - len(new) - len(retired))


async def retire(identifiers: Iterable[str]) -> list[str]:
    """Take documents out of service, all or none; the identifiers that stop, which may be more than were named.

    A document is its text: whatever it was published under stops together.

    Raises:
        RegistryError: an identifier is not in service.
    """
    async with in_transaction("shared") as connection:
        await connection.execute_query(_LOCK)
        digests = set()
        for identifier in identifiers:
            found = await Operation.filter(_called(identifier), retired_at=None).first()
            if found is None:
                message = f"no document {identifier!r} is in service"
                raise RegistryError(message)
            digests.add(found.digest)
        stopped = await Operation.filter(digest__in=[*digests], retired_at=None).order_by("identifier")
        now = datetime.now(UTC)
        await Operation.filter(id__in=[each.id for each in stopped]).update(retired_at=now, updated_at=now)
    return [each.identifier for each in stopped]


async def operations() -> list[Operation]:
    """All that were ever published, the oldest first, each with its events."""
    return await Operation.all().order_by("id").prefetch_related("events")


def _check_room(in_service: Mapping[str, int]) -> None:
    if in_service["number"] > MAXIMUM_OPERATIONS or in_service["characters"] > MAXIMUM_CHARACTERS:
        message = (
            f"at most {MAXIMUM_OPERATIONS} documents of {MAXIMUM_CHARACTERS} characters in all may be in service:"
            " retire what no frontend names any more"
        )
        raise RegistryError(message)


def _called(identifier: str) -> Q:
    named = Q(identifier=identifier)
    try:
        digest = bytes.fromhex(identifier.removeprefix(SHA256)) if identifier.startswith(SHA256) else None
    except ValueError:
        return named
    return named if digest is None else named | Q(digest=digest)
