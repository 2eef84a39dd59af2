"""How long it takes until a list of 100,000 contacts from a file can be used.

    python -m bench.contact_import --contacts 100000 --database sqlite

`ringcast serve` runs as a process with its defaults. A table in CSV is uploaded by
`POST /v2/contacts/lists/upload`; from the request to the moment when the list shows itself ACTIVE,
with all of its contacts. Each row has two names, a number, a postal code and a property.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from bench import machine
from bench.databases import DATABASES, add_databases, database
from bench.server import server
from bench.table import Row, show
from tests.system.programs import Api

_LOOK = 0.1  # seconds between looks at the list
_LONGEST = 300.0
_NO_TRUNK = 5099  # nobody is called
_BOUNDARY = "a-boundary-of-the-benchmarks"


@dataclass(frozen=True, kw_only=True)
class Figures:
    """Times in seconds."""

    contacts: int
    accepted: float
    """Until the upload was answered."""
    usable: float
    """Until the list was ACTIVE."""
    cpu: float
    """Of all our processes; that of the database's server is not in it."""


def measured(kind: str, *, contacts: int) -> Figures:
    """Upload a list and wait for it."""
    with ExitStack() as stack:
        name = stack.enter_context(tempfile.TemporaryDirectory())
        url = stack.enter_context(database(kind, Path(name)))
        running = server(Path(name), sip_port=_NO_TRUNK, calls=10, database_url=url)
        program, api = stack.enter_context(running)
        pids = machine.process_tree(program.process.pid)
        body = _form(_table(contacts))
        cpu, began = machine.cpu_seconds(pids), time.monotonic()
        list_id = _uploaded(api, body)
        accepted = time.monotonic() - began
        size = _size_when_active(api, list_id)
        usable = time.monotonic() - began
        if size != contacts:
            raise RuntimeError(f"{size} contacts came of {contacts}")
        return Figures(
            contacts=contacts,
            accepted=accepted,
            usable=usable,
            cpu=machine.cpu_seconds(pids) - cpu,
        )


def _table(contacts: int) -> bytes:
    rows = (
        f"Person,{n},1{201 + n * 347 % 700}{2_000_000 + n * 4_999_999 % 8_000_000},90401,A{n}\r\n"
        for n in range(contacts)
    )
    return b"firstName,lastName,homePhone,zipcode,account\r\n" + "".join(rows).encode()


def _form(table: bytes) -> bytes:
    def part(head: str, data: bytes) -> bytes:
        named = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; {head}\r\n\r\n"
        return named.encode() + data + b"\r\n"

    return (
        part('name="name"', b"all")
        + part('name="file"; filename="all.csv"', table)
        + f"--{_BOUNDARY}--\r\n".encode()
    )


def _uploaded(api: Api, body: bytes) -> int:
    answer = api.request(
        "POST",
        "/v2/contacts/lists/upload",
        body,
        headers={"Content-Type": f"multipart/form-data; boundary={_BOUNDARY}"},
    )
    if answer.status not in (200, 201):
        raise RuntimeError(f"the file was not taken: {answer.status} {answer.body[:300]!r}")
    return int(answer.json["id"])


def _size_when_active(api: Api, list_id: int) -> int:
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        found = api.request("GET", f"/v2/contacts/lists/{list_id}").json
        if found["status"] == "ACTIVE":
            return int(found["size"])
        if found["status"] not in ("VALIDATING", "IMPORTING"):
            raise RuntimeError(f"the list is {found['status']}")
        time.sleep(_LOOK)
    raise RuntimeError(f"the list was not ACTIVE within {_LONGEST} s")


def rows(*, contacts: int, databases: Sequence[str]) -> Iterator[Row]:
    """Measure and yield the rows of the table."""
    for kind in databases:
        f = measured(kind, contacts=contacts)
        yield Row(
            f"CSV of {f.contacts:,} contacts, until the list is active, {kind}",
            f"{f.usable:.1f} s (answered after {f.accepted:.2f} s; our CPU {f.cpu:.1f} s)",
        )


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.contact_import",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="10,000 contacts")
    add_databases(parser)
    options = parser.parse_args()
    contacts = min(options.contacts, 10_000) if options.quick else options.contacts
    show(rows(contacts=contacts, databases=options.databases or DATABASES))


if __name__ == "__main__":
    main()
