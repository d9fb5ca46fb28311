"""Documents and variables after somebody sat on the keyboard: always an answer, and never a failure of ours."""

from __future__ import annotations

import math
import os
from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any, Final

import pytest

from errors import ErrorCode
from tests.oracle.operations import NAMES, Operations
from tests.oracle.personas import personas

if TYPE_CHECKING:
    from engine.cursors import Cursors
    from engine.engine import Engine
    from engine.request import Request
    from tests.oracle.tenant_rows import TenantRows

SEED: Final = int(os.environ.get("FIELDGATE_TEST_SEED", "2026"))
TIMES: Final = int(os.environ.get("FIELDGATE_TEST_MANGLED", "8"))

PIECES: Final = (
    *(
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        ":",
        "!",
        "$",
        "@",
        "...",
        "|",
        "&",
        "=",
        '"',
        '"""',
        "#",
        "\\",
        "\n",
        "\ufeff",
        ",",
    ),
    *("null", "true", "0", "-1", "1e99", "on", "query", "mutation", "subscription", "fragment", "@skip(if: true)"),
    *("@include(if: $x)", "$x", "first: 0", "id", "__typename", "__schema", "taxId", "...F", "... on Company", "\x00"),
    *("é", "\u2028", "\ud800", "input", "type Query { a: Int }", "extend", "directive", "schema", "{ id }", "a: id"),
)
VALUES: Final[tuple[Any, ...]] = (
    *(None, True, 0, -1, 2**31, 2**70, 1.5, math.nan, "", "x", "\x00", "\ud800", [], [None], [[]], {}, {"a": 1}),
    *({"name": {"equals": 1}}, {"field": "NAME"}, "NAME", ["ACTIVE", 3], {"name": None, "zzz": {}}),
)
ANSWERS: Final = {*ErrorCode} - {ErrorCode.INTERNAL_SERVER_ERROR}


def mangled(random: Random, text: str) -> str:
    """A text with a few things cut out, put in, moved or doubled."""
    for _ in range(random.randint(1, 3)):
        start = random.randrange(len(text) + 1)
        end = min(len(text), start + random.randint(0, 12))
        match random.randrange(4):
            case 0:
                text = text[:start] + text[end:]
            case 1:
                text = text[:start] + random.choice(PIECES) + text[start:]
            case 2:
                text = text[:start] + text[start:end] * 2 + text[end:]
            case _:
                other = random.randrange(len(text) + 1)
                text = text[:other] + text[start:end] + text[other:]
    return text


async def assert_answered(engine: Engine, request: Request, rows: TenantRows) -> None:
    for persona in ("owner", "mixed", "without any role"):
        try:
            result = await engine.execute(request, personas(rows)[persona])
        except Exception as problem:
            problem.add_note(f"{request.document}\n{request.variables}\nFIELDGATE_TEST_SEED={SEED}")
            raise
        codes = {each["extensions"]["code"] for each in result.errors if isinstance(each["extensions"], dict)}
        assert codes <= ANSWERS, request
        assert (result.data is not None) or codes, request


@pytest.mark.parametrize("name", NAMES)
async def test_a_mangled_document_is_answered(
    name: str, engine: Engine, northwind: TenantRows, tailspin: TenantRows, cursors: Cursors
) -> None:
    random = Random(f"{SEED} {name}")  # noqa: S311 - the same documents every time
    request = Operations(northwind, tailspin, cursors).request(name, personas(northwind)["owner"], northwind)
    for _ in range(TIMES):
        await assert_answered(engine, replace(request, document=mangled(random, request.document)), northwind)


@pytest.mark.parametrize("name", NAMES)
async def test_mangled_variables_are_answered(
    name: str, engine: Engine, northwind: TenantRows, tailspin: TenantRows, cursors: Cursors
) -> None:
    random = Random(f"{SEED} {name}")  # noqa: S311 - the same values every time
    request = Operations(northwind, tailspin, cursors).request(name, personas(northwind)["owner"], northwind)
    for _ in range(TIMES if request.variables else 0):
        changed = dict(request.variables)
        for key in random.sample([*changed], k=random.randint(1, len(changed))):
            if random.random() < 0.2:
                del changed[key]
            else:
                changed[key] = random.choice(VALUES)
        await assert_answered(engine, replace(request, variables=changed), northwind)
