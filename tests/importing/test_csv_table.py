from __future__ import annotations

import pytest

from resolvers.csv_table import Table, TableRow, UnreadableTableError, read_table

EXPECTED = Table(("a", "b"), (TableRow(2, ("1", "zwölf")),))


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,zwölf\n",
        "a,b\r\n1,zwölf\r\n",
        "a,b\r\n1,zwölf",
        'a,b\n1,"zwölf"\n',
        "a;b\n1;zwölf\n",
        "a\tb\n1\tzwölf\n",
        " a , b \n1,zwölf\n",
        "\ufeffa,b\n1,zwölf\n",
        "a,b\n1,zwölf\n\n,\n  ,  \n",
    ],
)
def test_a_table_is_read_as_spreadsheets_write_it(content: str) -> None:
    assert read_table(content.encode()) == EXPECTED


def test_rows_are_numbered_as_a_spreadsheet_numbers_them() -> None:
    table = read_table(b'a,b\n"one\nrow",1\n\nlast,2\n')
    assert [(row.number, row.cells[0]) for row in table.rows] == [(2, "one\nrow"), (4, "last")]


def test_a_delimiter_inside_quotes_parts_nothing() -> None:
    assert read_table(b'"a;b;c",d\n"1,5",2\n').rows[0].cells == ("1,5", "2")


def test_a_row_keeps_the_number_of_its_cells() -> None:
    assert [len(row.cells) for row in read_table(b"a,b\n1\n1,2\n1,2,3\n").rows] == [1, 2, 3]


def test_a_header_alone_is_a_table_without_rows() -> None:
    assert read_table(b"a,b\n") == Table(("a", "b"), ())


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"\xef\xbb\xbf\n\n", "empty"),
        ("a,b\n1,zwölf\n".encode("latin-1"), "not UTF-8 but in another encoding (line 2)"),
        ("a,b\n1,zwölf\n".encode("utf-16"), "UTF-16"),
        (b'a,b\n1,"never closed\n', "line 2 is not CSV"),
        (b'a,b\n"1"x,2\n', "line 2 is not CSV"),
        (b"a,b\n1," + b"x" * 200_000, "line 2 is not CSV"),
    ],
)
def test_a_file_that_is_no_table_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(UnreadableTableError) as refused:
        read_table(content)
    assert said in str(refused.value)
