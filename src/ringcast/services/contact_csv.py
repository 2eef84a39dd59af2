"""Reading contacts from a table in CSV (RFC 4180), as spreadsheets write it."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ringcast.domain.contacts import (
    MAX_CELL,
    MAX_PROPERTIES,
    MAX_TEXT,
    ContactDetails,
    PhoneKind,
    lettered,
)
from ringcast.domain.errors import InvalidInput, InvalidNumber
from ringcast.domain.numbers import PhoneNumber

__all__ = ["CellTooLong", "ContactTable", "TableUnreadable", "read_table"]

MAX_ROWS = 1_000_000
_SEPARATORS = ",;\t"
_CHUNK = 1024 * 1024  # bytes
_NOT_TEXT = re.compile(rb"[\x00-\x08\x0b\x0e-\x1f]")

csv.field_size_limit(128 * 1024)  # a quote without an end cannot swallow more of a file than this


class TableUnreadable(InvalidInput):
    """The file is not a table of contacts; the message names the row."""


class CellTooLong(TableUnreadable):
    """A cell of the table is longer than is kept."""


class _Skip(Enum):
    """A column that is not a property."""

    NAMELESS = auto()


@dataclass(frozen=True, slots=True)
class _Property:
    """A column that is a property of that name."""

    name: str


_Field = PhoneKind | _Property | _Skip | str

# What spreadsheets call the columns, without case, spaces and punctuation.
_FIELDS: Mapping[str, PhoneKind | str] = {
    "firstname": "first_name",
    "first": "first_name",
    "givenname": "first_name",
    "lastname": "last_name",
    "last": "last_name",
    "surname": "last_name",
    "familyname": "last_name",
    "zip": "zipcode",
    "zipcode": "zipcode",
    "postalcode": "zipcode",
    "postcode": "zipcode",
    "timezone": "time_zone",
    "externalid": "external_id",
    "externalsystem": "external_system",
    "phone": PhoneKind.HOME,
    "phonenumber": PhoneKind.HOME,
    "number": PhoneKind.HOME,
    "telephone": PhoneKind.HOME,
    "home": PhoneKind.HOME,
    "homephone": PhoneKind.HOME,
    "homenumber": PhoneKind.HOME,
    "work": PhoneKind.WORK,
    "workphone": PhoneKind.WORK,
    "worknumber": PhoneKind.WORK,
    "businessphone": PhoneKind.WORK,
    "mobile": PhoneKind.MOBILE,
    "mobilephone": PhoneKind.MOBILE,
    "mobilenumber": PhoneKind.MOBILE,
    "cell": PhoneKind.MOBILE,
    "cellphone": PhoneKind.MOBILE,
    "extraphone1": PhoneKind.EXTRA_1,
    "extraphone2": PhoneKind.EXTRA_2,
    "extraphone3": PhoneKind.EXTRA_3,
}


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table, below the first: a contact, or why it makes none.

    An empty row has neither.
    """

    number: int
    """As a spreadsheet counts: the row with the names of the columns is 1."""
    contact: ContactDetails | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class ContactTable:
    """A table whose columns are known."""

    data: bytes
    encoding: str
    separator: str
    fields: Sequence[_Field]
    """What each column holds: a telephone, a property, or the member of the details so named."""

    def check(self) -> int:
        """Return how many rows there are below the first, the empty ones included.

        Raises TableUnreadable if any of them cannot be read; `rows` then raises nothing.
        """
        width = len(self.fields)
        number = 1
        for number, cells in _cells(self.data, self.encoding, self.separator):
            if number > MAX_ROWS:
                raise TableUnreadable(f"the file has more than {MAX_ROWS} rows")
            if len(cells) > width and any(cells[width:]):
                raise TableUnreadable(
                    f"row {number} has {len(cells)} cells, but only {width} columns have a name in"
                    " row 1"
                )
            if cells and len(longest := max(cells, key=len)) > MAX_CELL:
                raise CellTooLong(
                    f"row {number} has a cell of {len(longest)} characters: {MAX_CELL} are kept"
                )
        return number - 1

    def rows(self) -> Iterator[Row]:
        """Give the rows below the first one by one, the empty ones too."""
        zones: dict[str, bool] = {}
        cells = _cells(self.data, self.encoding, self.separator)
        next(cells)
        return (self._row(number, row, zones) for number, row in cells)

    def _row(self, number: int, cells: Sequence[str], zones: dict[str, bool]) -> Row:
        phones: dict[PhoneKind, PhoneNumber] = {}
        properties: dict[str, str] = {}
        members: dict[str, str] = {}
        for what, cell in zip(self.fields, cells, strict=False):
            text = cell.strip()
            if not text:
                continue
            if isinstance(what, PhoneKind):
                try:
                    phones[what] = PhoneNumber.parse(text)
                except InvalidNumber as error:
                    return Row(number, None, str(error))
            elif isinstance(what, _Property):
                properties[what.name] = text
            elif isinstance(what, _Skip):
                return Row(number, None, f"{text[:40]!r} is in a column without a name")
            elif len(text) > MAX_TEXT:
                return Row(number, None, f"{what} has {len(text)} characters: {MAX_TEXT} are kept")
            elif what == "time_zone" and not _is_zone(text, zones):
                return Row(number, None, f"{text[:40]!r} is not a time zone like America/New_York")
            else:
                members[what] = text
        if not phones:
            problem = "it has no telephone number" if members or properties else None
            return Row(number, None, problem)
        return Row(number, ContactDetails(phones=phones, properties=properties, **members), None)


def read_table(data: bytes, *, use_custom_fields: bool) -> ContactTable:
    """Find out what the columns are; raise TableUnreadable if they cannot be used.

    Columns of well-known names become a contact's members. Others are its properties: under their
    own names with `use_custom_fields`, or else called A, B, C and so on. Text is UTF-8, or else
    Windows-1252, the way spreadsheets save it.
    """
    encoding = _encoding(data)
    separator = _separator(data, encoding)
    names = next(_cells(data, encoding, separator), (1, []))[1]
    while names and not names[-1].strip():
        names = names[:-1]
    if not names:
        raise TableUnreadable("row 1 is empty: it must name the columns")
    if len(names) > MAX_PROPERTIES:
        raise TableUnreadable(f"the file has {len(names)} columns: {MAX_PROPERTIES} are possible")
    return ContactTable(data, encoding, separator, _fields(names, use_custom_fields))


def _fields(names: Sequence[str], use_custom_fields: bool) -> Sequence[_Field]:
    names = [name.strip() for name in names]
    known = [_FIELDS.get(re.sub(r"[\W_]", "", name).casefold()) for name in names]
    if not any(isinstance(what, PhoneKind) for what in known):
        raise TableUnreadable(
            "row 1 names no column homePhone, workPhone or mobilePhone, so there is nothing to call"
        )
    custom = [name for name, what in zip(names, known, strict=True) if what is None and name]
    for name in names:
        if len(name) > MAX_TEXT:
            raise CellTooLong(f"row 1 has a name of {len(name)} characters: {MAX_TEXT} are kept")
    letters = {name: name for name in custom} if use_custom_fields else lettered(custom)
    fields: list[_Field] = []
    seen: dict[_Field, str] = {}
    for name, what in zip(names, known, strict=True):
        field: _Field = _Skip.NAMELESS
        if what is not None:
            field = what
        elif name:
            field = _Property(letters[name])
        if field in seen and not isinstance(field, _Skip):
            raise TableUnreadable(f"row 1 names two columns alike: {seen[field]!r} and {name!r}")
        seen[field] = name
        fields.append(field)
    return fields


def _encoding(data: bytes) -> str:
    """Say how the text is encoded; raise TableUnreadable if it is none."""
    if not data.strip():
        raise TableUnreadable("the file is empty")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise TableUnreadable("the file is UTF-16: save it as CSV in UTF-8")
    binary = _NOT_TEXT.search(data)
    if binary is not None:
        row = data.count(b"\n", 0, binary.start()) + 1
        raise TableUnreadable(
            f"row {row} has the byte {binary[0][0]:#04x} in it: this is not a file of text"
        )
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for at in range(0, len(data), _CHUNK):
            decoder.decode(data[at : at + _CHUNK], at + _CHUNK >= len(data))
    except UnicodeDecodeError:
        return "latin-1" if _NOT_WINDOWS.search(data) else "cp1252"
    return "utf-8-sig"


_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")  # bytes that have no meaning in it


def _separator(data: bytes, encoding: str) -> str:
    """Return what most often stands in the first line: in parts of the world it is a semicolon."""
    first = re.split(rb"[\r\n]", data[: 64 * 1024].lstrip(b"\r\n"), maxsplit=1)[0]
    line = re.sub(r'"[^"]*"', "", first.decode(encoding, "replace"))
    return max(_SEPARATORS, key=line.count)


def _cells(data: bytes, encoding: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    text = io.TextIOWrapper(io.BytesIO(data), encoding=encoding, newline="")
    rows = csv.reader(text, delimiter=separator, strict=True)
    number = 0
    while True:
        number += 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if "limit" in str(error):
                raise CellTooLong(
                    f"row {number} has a cell without an end: look for a quote that is not closed"
                ) from error
            raise TableUnreadable(
                f"row {number} is not CSV: {error}; a quote inside a quoted cell is doubled"
            ) from error
        yield number, cells


def _is_zone(name: str, known: dict[str, bool]) -> bool:
    if name not in known:
        try:
            ZoneInfo(name)
            known[name] = True
        except (ZoneInfoNotFoundError, ValueError, OSError):
            known[name] = False
    return known[name]
