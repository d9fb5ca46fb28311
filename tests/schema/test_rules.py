"""A schema that would be unsafe, or would fail when asked, does not build."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

import pytest
import strawberry

import resolvers.company
import resolvers.node
import resolvers.org_unit
import resolvers.role
from auth.permissions import PUBLIC, Permission
from models import tenant as models
from resolvers.reads import Equal, One, OwnUnit, Page, UnitOf
from schema.build import build_schema
from schema.comparison import IDComparison, IntComparison, StringComparison
from schema.connection import Connection
from schema.direction import Direction
from schema.fields import field, input_field, mutation, page, required_input_field, row_type
from schema.node import Node
from schema.verification import SchemaRuleError, verify

if TYPE_CHECKING:
    from auth.viewer import Viewer
    from resolvers.reads import Source
    from resolvers.writes import Written


def problems(query: type, mutation: type | None = None) -> str:
    """What verification says of a schema with these root types; nothing when it may serve."""
    schema = strawberry.Schema(query, mutation=mutation)
    try:
        verify(schema._schema)  # noqa: SLF001 - Strawberry has no public name for the schema it built
    except SchemaRuleError as refused:
        return str(refused)
    return ""


def query_with(**fields: tuple[Any, Any]) -> type:
    """A query type of these fields: name to (type, declaration)."""
    members = {name: declared for name, (_, declared) in fields.items()}
    annotations = {name: type_ for name, (type_, _) in fields.items()}
    return strawberry.type(type("Query", (), {"__annotations__": annotations, **members}), name="Query")


@row_type(model=models.OrgUnit, requires=Permission.ORG_UNIT_READ, reach=OwnUnit("id"))
class Unit(Node):
    name: str = field(requires=Permission.ORG_UNIT_READ)


def units(_source: Source) -> Page:
    return Page(models.OrgUnit)


def company_row(**members: Any) -> type:  # noqa: ANN401 - declarations
    """A row type over companies with one more member, ``(type, declaration)``."""
    annotations = {name: type_ for name, (type_, _) in members.items()}
    declared = {name: declaration for name, (_, declaration) in members.items()}
    cls = type("Firm", (Node,), {"__annotations__": annotations, **declared})
    return row_type(model=models.Company, requires=Permission.COMPANY_READ, reach=OwnUnit("org_unit_id"))(cls)


def pages_of(row: Any) -> Any:  # noqa: ANN401 - types that are made at run time
    """The type of a connection of a row type, which may be denied."""
    return cast("Any", Connection)[row] | None


def list_of(row: Any) -> Any:  # noqa: ANN401 - types that are made at run time
    """The type of a list of rows."""
    return cast("Any", list)[row] | None


def firms(row: type, **options: Any) -> type:  # noqa: ANN401 - of the connection
    """A query for a connection of a row type."""
    return query_with(
        firms=(pages_of(row), page(requires=Permission.COMPANY_READ, read=resolvers.company.companies, **options)),
        units=(pages_of(Unit), page(requires=Permission.ORG_UNIT_READ, read=units)),
    )


def firm(**members: Any) -> str:  # noqa: ANN401 - declarations
    return problems(firms(company_row(**members)))


def test_the_schema_that_is_served_breaks_no_rule() -> None:
    build_schema()


def test_a_row_with_a_declared_column_builds() -> None:
    assert firm(name=(str, field(requires=Permission.COMPANY_READ))) == ""


def test_a_field_cannot_be_declared_without_a_permission() -> None:
    with pytest.raises(TypeError, match="requires"):
        field()  # type: ignore[call-arg]  # what is tested
    with pytest.raises(TypeError, match="requires"):
        input_field()  # type: ignore[call-arg]  # what is tested


def test_a_field_declared_past_our_own_way_does_not_build() -> None:
    said = problems(query_with(open=(str, strawberry.field(resolver=lambda: "open"))))
    assert said.startswith("Query.open declares no permission")


def test_an_undeclared_field_of_a_row_does_not_build() -> None:
    assert "Firm.name declares no permission" in firm(name=(str, strawberry.field()))


def test_an_undeclared_key_of_an_input_does_not_build() -> None:
    @strawberry.input
    class FirmFilter:
        name: StringComparison | None = None

    row = company_row(name=(str, field(requires=Permission.COMPANY_READ)))
    assert "FirmFilter.name declares no permission" in problems(firms(row, filter_by=FirmFilter))


def test_a_field_that_may_be_denied_must_be_nullable() -> None:
    assert "Firm.taxId asks for another permission" in firm(tax_id=(str, field(requires=Permission.COMPANY_READ_TAX)))
    assert firm(tax_id=(str | None, field(requires=Permission.COMPANY_READ_TAX))) == ""


def test_a_root_field_that_may_be_denied_must_be_nullable() -> None:
    row = company_row(name=(str, field(requires=Permission.COMPANY_READ)))
    said = problems(
        query_with(
            firms=(
                cast("Any", Connection)[row],
                page(requires=Permission.COMPANY_READ, read=resolvers.company.companies),
            ),
        )
    )
    assert "Query.firms may be denied, so it must be nullable" in said


def test_a_column_that_the_table_lacks_does_not_build() -> None:
    assert "a column that Company does not have" in firm(x=(str, field(requires=Permission.COMPANY_READ)))
    assert "reads nothing" in firm(x=(str, field(requires=Permission.COMPANY_READ, column="nothing")))
    computed = field(requires=Permission.COMPANY_READ, columns=("name", "nothing"), compute=str)
    assert "reads nothing" in firm(x=(str, computed))


def test_a_part_of_a_row_is_checked_like_the_row() -> None:
    @strawberry.type
    class Part:
        nothing: str | None = field(requires=Permission.COMPANY_READ, column="nothing")
        tax: str = field(requires=Permission.COMPANY_READ_TAX, column="tax_id")

    said = firm(part=(Part, field(requires=Permission.COMPANY_READ, same_row=True)))
    assert "Part.nothing reads nothing" in said
    assert "Part.tax asks for another permission" in said


def test_a_row_is_not_resolved_field_by_field() -> None:
    resolved = field(requires=Permission.COMPANY_READ, resolver=lambda: "x")
    assert "Firm.x is resolved row by row" in firm(x=(str, resolved))
    assert "Firm.x is resolved row by row" in firm(x=(str, field(requires=Permission.COMPANY_READ, attribute=True)))


def test_reach_has_to_lead_to_an_org_unit() -> None:
    @row_type(model=models.Contact, requires=Permission.CONTACT_READ, reach=OwnUnit("nothing"))
    class Lost(Node):
        pass

    @row_type(model=models.RoleAssignment, requires=Permission.ROLE_READ, reach=UnitOf("role_id", models.Role))
    class Adrift(Node):
        pass

    @row_type(model=models.Role, requires=Permission.ROLE_READ, reach=None)
    class Anchor(Node):
        pass

    def read(_source: Source) -> Page:
        return Page(models.Contact)

    lost = query_with(lost=(pages_of(Lost), page(requires=Permission.CONTACT_READ, read=read)))
    assert "declares its reach by nothing" in problems(lost)

    def adrift(_source: Source) -> Page:
        return Page(models.RoleAssignment)

    adrift_query = query_with(
        adrift=(pages_of(Adrift), page(requires=Permission.ROLE_READ, read=adrift)),
        anchor=(pages_of(Anchor), page(requires=Permission.ROLE_READ, read=resolvers.role.roles)),
    )
    assert "takes its org unit from Role, which has none" in problems(adrift_query)


def test_a_relation_hangs_on_a_column_that_there_is() -> None:
    def lost(source: Source) -> One:
        return One(models.OrgUnit, where=Equal("id", source.parent("nothing")))

    def astray(source: Source) -> One:
        return One(models.OrgUnit, where=Equal("nothing", source.parent("org_unit_id")))

    for read in (lost, astray):
        said = firm(unit=(Unit | None, field(requires=Permission.ORG_UNIT_READ, read=read)))
        assert "Firm.unit" in said
        assert "nothing" in said


def test_a_read_takes_an_argument_that_its_field_has() -> None:
    row = company_row(name=(str, field(requires=Permission.COMPANY_READ)))
    said = problems(
        query_with(firm=(row | None, field(requires=Permission.COMPANY_READ, read=resolvers.company.company)))
    )
    assert "Query.firm" in said
    assert "id" in said


def test_a_field_reads_rows_of_its_own_type() -> None:
    """The decision goes by the type, the plan by the table: they must be of one row."""
    row = company_row(name=(str, field(requires=Permission.COMPANY_READ)))

    def companies(_source: Source) -> Page:
        return Page(models.Company)

    said = problems(
        query_with(
            firms=(pages_of(row), page(requires=Permission.COMPANY_READ, read=companies)),
            units=(pages_of(Unit), page(requires=Permission.ORG_UNIT_READ, read=companies)),
        )
    )
    assert "Query.units reads Company" in said
    one = query_with(
        firms=(pages_of(row), page(requires=Permission.COMPANY_READ, read=companies)),
        unit=(
            Unit | None,
            field(requires=Permission.ORG_UNIT_READ, read=resolvers.company.company, arguments={"id": strawberry.ID}),
        ),
    )
    assert "Query.unit reads Company" in problems(one)


def test_a_field_of_rows_reads_as_its_type_says() -> None:
    """One row is no page, a page is no row, and any row at all is for an interface."""
    row = company_row(name=(str, field(requires=Permission.COMPANY_READ)))
    for declared in (
        (row | None, field(requires=Permission.COMPANY_READ, read=resolvers.company.companies)),
        (pages_of(row), field(requires=Permission.COMPANY_READ, read=resolvers.org_unit.parent)),
        (row | None, field(requires=PUBLIC, read=resolvers.node.node, arguments={"id": strawberry.ID})),
    ):
        assert "Query.x" in problems(query_with(x=declared))


def test_no_resolver_hands_out_rows() -> None:
    """What a resolver returns is not planned, so nothing would hide what some rows do not show."""
    row = company_row(tax_id=(str | None, field(requires=Permission.COMPANY_READ_TAX)))

    declared_firm = field(requires=Permission.COMPANY_READ, attribute=True)
    payload = strawberry.type(type("Payload", (), {"__annotations__": {"firm": row | None}, "firm": declared_firm}))

    for declared in (
        (row | None, field(requires=Permission.COMPANY_READ, resolver=lambda: None)),
        (list_of(row), field(requires=PUBLIC, resolver=lambda: None)),
        (Node | None, field(requires=PUBLIC, resolver=lambda: None)),
        (pages_of(row), field(requires=Permission.COMPANY_READ, resolver=lambda: None)),
        (payload, field(requires=PUBLIC, resolver=lambda: None)),
    ):
        with_rows = query_with(
            firms=(pages_of(row), page(requires=Permission.COMPANY_READ, read=resolvers.company.companies)),
            x=declared,
        )
        assert "is no resolver's" in problems(with_rows)


def named_filter(name: str, **keys: Any) -> type:  # noqa: ANN401 - declarations
    annotations = {key: type_ | None for key, (type_, _) in keys.items()}
    declared = {key: declaration for key, (_, declaration) in keys.items()}
    return strawberry.input(type(name, (), {"__annotations__": annotations, **declared}))


ROW_WITH_SECRETS = {
    "name": (str, field(requires=Permission.COMPANY_READ)),
    "tax_id": (str | None, field(requires=Permission.COMPANY_READ_TAX)),
}


def filtered(**keys: Any) -> str:  # noqa: ANN401 - declarations
    return problems(firms(company_row(**ROW_WITH_SECRETS), filter_by=named_filter("FirmFilter", **keys)))


def test_a_filter_asks_for_what_shows_its_column() -> None:
    for requires in (PUBLIC, Permission.COMPANY_READ, Permission.COMPANY_READ_FINANCIALS):
        said = filtered(tax_id=(StringComparison, input_field(requires=requires, column="tax_id")))
        assert "FirmFilter.taxId must ask for company:read_tax" in said
    tax = input_field(requires=Permission.COMPANY_READ_TAX, column="tax_id")
    assert filtered(tax_id=(StringComparison, tax)) == ""


def test_a_filter_compares_a_column_that_there_is() -> None:
    for column in ("nothing", None):
        said = filtered(x=(StringComparison, input_field(requires=Permission.COMPANY_READ, column=column)))
        assert "FirmFilter.x compares" in said


def test_a_filter_compares_nothing_that_no_field_shows() -> None:
    hidden = input_field(requires=Permission.COMPANY_READ, column="risk_score")
    assert "FirmFilter.risk" in filtered(risk=(IntComparison, hidden))
    reference = input_field(requires=PUBLIC, column="org_unit_id")
    assert "FirmFilter.unit" in filtered(unit=(IDComparison, reference))


def test_a_filter_of_another_name_is_no_way_round() -> None:
    """The rules above find a filter by its type's name, so the name is a rule."""
    other = named_filter("Sieve", tax_id=(StringComparison, input_field(requires=PUBLIC, column="tax_id")))
    assert "Sieve" in problems(firms(company_row(**ROW_WITH_SECRETS), filter_by=other))


def order(name: str, column: str) -> type:
    fields: Any = cast("Any", StrEnum)(f"{name}Field", {column.upper(): column})
    members = {
        "field": required_input_field(requires=Permission.COMPANY_READ),
        "direction": required_input_field(requires=Permission.COMPANY_READ),
    }
    annotations = {"field": strawberry.enum(fields), "direction": Direction}
    return strawberry.input(type(name, (), {"__annotations__": annotations, **members}))


def test_an_order_sorts_by_what_some_field_shows() -> None:
    row = company_row(**ROW_WITH_SECRETS)
    assert problems(firms(row, order_by=order("FirmOrder", "tax_id"))) == ""
    for column in ("risk_score", "nothing"):
        said = problems(firms(row, order_by=order("FirmOrder", column)))
        assert f"FirmOrder sorts by {column}" in said


def test_an_order_of_another_name_is_no_way_round() -> None:
    assert "Ranking" in problems(firms(company_row(**ROW_WITH_SECRETS), order_by=order("Ranking", "risk_score")))


@strawberry.input
class FirmInput:
    name: str = required_input_field(requires=Permission.COMPANY_WRITE)


async def nothing(_viewer: Viewer, _written: Written) -> object:
    return None


def paying(**members: Any) -> str:  # noqa: ANN401 - declarations
    """What verification says of a mutation whose payload has these fields."""
    annotations = {name: type_ for name, (type_, _) in members.items()}
    declared = {name: declaration for name, (_, declaration) in members.items()}
    payload = strawberry.type(type("Payload", (), {"__annotations__": annotations, **declared}))
    change = mutation(requires=Permission.COMPANY_WRITE, takes=FirmInput, change=nothing)
    return problems(
        firms(company_row(name=(str, field(requires=Permission.COMPANY_READ)))),
        strawberry.type(
            type("Mutation", (), {"__annotations__": {"firm_change": payload | None}, "firm_change": change})
        ),
    )


def test_a_payload_is_made_of_attributes_and_reads() -> None:
    assert paying(count=(int, field(requires=PUBLIC, attribute=True))) == ""
    assert "Payload.count is a part of a payload" in paying(count=(int, field(requires=PUBLIC, resolver=lambda: 1)))
    inner = strawberry.type(
        type("Inner", (), {"__annotations__": {"x": int}, "x": field(requires=PUBLIC, resolver=lambda: 1)})
    )
    assert "Inner.x is a part of a payload" in paying(inner=(inner, field(requires=PUBLIC, attribute=True)))


def test_a_mutation_that_is_declared_as_something_else_does_not_build() -> None:
    other = {"__annotations__": {"other": int | None}, "other": field(requires=PUBLIC, resolver=lambda: 1)}
    query = firms(company_row(name=(str, field(requires=Permission.COMPANY_READ))))
    assert "Mutation.other is a mutation" in problems(query, strawberry.type(type("Mutation", (), other)))
