"""Tables of contacts are read as spreadsheets write them, or say which row is wrong."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ringcast.domain.contacts import ContactDetails, PhoneKind
from ringcast.domain.numbers import PhoneNumber
from ringcast.services.contact_csv import (
    CellTooLong,
    ContactTable,
    TableUnreadable,
    read_table,
)

NUMBER = PhoneNumber("12135550142")


def contacts(data: str | bytes, *, custom: bool = True) -> list[ContactDetails]:
    """Return the contacts of a table all of whose rows make one."""
    table = read_table(data.encode() if isinstance(data, str) else data, use_custom_fields=custom)
    table.check()
    found = []
    for row in table.rows():
        assert row.problem is None
        if row.contact is not None:
            found.append(row.contact)
    return found


def problems(data: str) -> list[str | None]:
    table = read_table(data.encode(), use_custom_fields=True)
    table.check()
    return [row.problem for row in table.rows()]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("homePhone", PhoneKind.HOME), ("Home Phone", PhoneKind.HOME), ("PHONE", PhoneKind.HOME),
        ("phone_number", PhoneKind.HOME), ("Work-Phone", PhoneKind.WORK),
        ("cell", PhoneKind.MOBILE),
        ("Mobile phone", PhoneKind.MOBILE), ("extraPhone2", PhoneKind.EXTRA_2),
    ],
)  # fmt: skip
def test_columns_are_known_however_they_are_written(name: str, kind: PhoneKind) -> None:
    assert contacts(f"{name}\n2135550142") == [ContactDetails(phones={kind: NUMBER})]


def test_every_member_has_its_column() -> None:
    header = "firstName,lastName,zip code,timeZone,externalId,External System,phone,city"
    (one,) = contacts(f"{header}\nAnn,Lee,90210,Europe/Paris,7,CRM,2135550142,Rome\n")
    assert one == ContactDetails(
        first_name="Ann",
        last_name="Lee",
        zipcode="90210",
        time_zone="Europe/Paris",
        external_id="7",
        external_system="CRM",
        phones={PhoneKind.HOME: NUMBER},
        properties={"city": "Rome"},
    )


def test_custom_columns_keep_their_names_or_are_lettered() -> None:
    data = "b,phone,,a\n1,2135550142,,2\n"
    assert contacts(data)[0].properties == {"b": "1", "a": "2"}
    assert contacts(data, custom=False)[0].properties == {"A": "1", "B": "2"}


@pytest.mark.parametrize(
    "data",
    [
        "phone,city\n2135550142,Málaga\n".encode(),
        "\ufeffphone,city\n2135550142,Málaga\n".encode(),
        "phone,city\n2135550142,Málaga\n".encode("latin-1"),
        "phone,city\r\n2135550142,Málaga".encode("cp1252"),
        "phone,city\r2135550142,Málaga\r".encode(),
        "phone;city\n2135550142;Málaga\n".encode(),
        "phone\tcity\n2135550142\tMálaga\n".encode(),
        '"phone","city"\n\n" 213-555-0142 ","Málaga"\n,\n'.encode(),
        "phone,city,,\n2135550142,Málaga,,\n".encode(),
    ],
)
def test_encodings_separators_and_ends_of_lines_are_told_apart(data: bytes) -> None:
    assert contacts(data) == [
        ContactDetails(phones={PhoneKind.HOME: NUMBER}, properties={"city": "Málaga"})
    ]


def test_text_that_windows_has_not_is_latin_1() -> None:
    (one,) = contacts(b"phone,city\n2135550142,M\xe1\x81\n")
    assert one.properties == {"city": "Má\x81"}


def test_quoted_cells_hold_commas_quotes_and_lines() -> None:
    (one,) = contacts('phone,note\n2135550142,"a, ""b""\nc"\n')
    assert one.properties == {"note": 'a, "b"\nc'}


def test_rows_without_a_contact_say_why() -> None:
    data = "phone,,firstName,timeZone\n12,,,\n,,Ann,\n2135550142,,,Nowhere/Land\n"
    data += f"2135550142,,{'x' * 256},\n2135550142,stray,,\n,,,\n2135550142,,,../etc\n"
    told = problems(data)
    assert len(told) == 7
    for problem, words in zip(
        told,
        (
            "'12' is not a telephone number",
            "no telephone number",
            "'Nowhere/Land' is not a time zone",
            "first_name has 256 characters",
            "'stray' is in a column without a name",
            None,
            "'../etc' is not a time zone",
        ),
        strict=True,
    ):
        assert (problem is None) if words is None else (problem is not None and words in problem)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "empty"),
        (" \n", "empty"),
        (",,\n2135550142", "row 1 is empty"),
        ("name\nAnn", "row 1 names no column"),
        ("phone,a,a\n", "row 1 names two columns alike: 'a' and 'a'"),
        ("phone,home\n", "row 1 names two columns alike"),
        ("phone\n2135550142\n\n2135550142,x\n", "row 4 has 2 cells"),
        ('phone\n"2135550142\n', "row 2 is not CSV"),
        ('phone\n"2135550142"x\n', "row 2 is not CSV"),
        ("phone\n2135550142\x00\n", "row 2 has the byte 0x00"),
        ("phone," + ",".join(f"c{number}" for number in range(100)), "101 columns"),
    ],
)
def test_files_that_are_no_tables_are_refused(data: str, words: str) -> None:
    with pytest.raises(TableUnreadable, match=words):
        read_table(data.encode(), use_custom_fields=True).check()


@pytest.mark.parametrize(
    "data",
    [
        "phone\n" + "1" * 1001,
        "phone\n2135550142\n" + '"' + "x" * 140_000,
        "phone," + "n" * 256,
        "phone\n" + "1" * 140_000,
    ],
)
def test_long_cells_are_refused(data: str) -> None:
    with pytest.raises(CellTooLong, match=r"row [123] has a"):
        read_table(data.encode(), use_custom_fields=True).check()


CELLS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=40).map(str.strip)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=20)


@given(
    rows=ROWS,
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_a_writer_of_csv_wrote_is_read_as_it_was(
    rows: list[tuple[str, str, str]], quoting: int, end: str
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting, lineterminator=end)  # type: ignore[arg-type]  # one of the two
    writer.writerow(["phone", "a", "b", "firstName"])
    writer.writerows(["213-555-0142", *row] for row in rows)
    expected = [
        ContactDetails(
            phones={PhoneKind.HOME: NUMBER},
            properties={name: cell for name, cell in zip("ab", row, strict=False) if cell},
            first_name=row[2] or None,
        )
        for row in rows
    ]
    assert contacts(text.getvalue()) == expected


@given(
    data=st.binary(max_size=300)
    | st.text(max_size=200).map(lambda t: ("phone,x\n" + t).encode(errors="replace"))
)
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    try:
        table: ContactTable = read_table(data, use_custom_fields=False)
        below = table.check()
    except TableUnreadable:
        return
    rows = list(table.rows())
    assert len(rows) == below
    assert [row.number for row in rows] == list(range(2, below + 2))
    for row in rows:
        if row.contact is not None:
            row.contact.check()
