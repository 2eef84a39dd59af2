"""Lists of contacts made from files: accepted at once, imported in the background.

The file is kept in the database, in the transaction that makes the list, until the import has
ended. Whoever imports holds the import for a limited time; each batch of contacts is committed with
the number of rows that are done, so a process that dies leaves its work to the next, which goes on
behind the last batch: no row is lost, none comes in twice.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice
from pathlib import Path

from ringcast.domain.accounts import Account
from ringcast.domain.contacts import (
    Contact,
    ContactList,
    ContactListStatus,
    checked_list_name,
)
from ringcast.domain.errors import Unavailable
from ringcast.domain.ids import ContactId, ContactListId
from ringcast.ports.clock import Clock
from ringcast.ports.contacts import ListImport
from ringcast.ports.store import Store
from ringcast.services.contact_csv import (
    CellTooLong,
    ContactTable,
    Row,
    TableUnreadable,
    read_table,
)
from ringcast.services.contact_lists import announcement
from ringcast.services.idempotency import Once

__all__ = ["ImportLists", "UploadContactList"]

log = logging.getLogger(__name__)

_PART = 512 * 1024  # bytes of a file in one row of the database
_BATCH = 1000  # contacts in one transaction: others who write wait no longer than for these
_HOLD_FOR = timedelta(seconds=60)
_POLL = 5.0  # seconds between looks for lists of processes that have died
_TOLD = 20  # rows whose problems are told one by one


class UploadContactList:
    """Make a list from a file in CSV."""

    def __init__(self, *, store: Store, clock: Clock, wake: Callable[[], None]) -> None:
        """`wake` has the importer look at once."""
        self._store = store
        self._clock = clock
        self._wake = wake

    async def __call__(
        self,
        account: Account,
        file: Path,
        *,
        name: str,
        use_custom_fields: bool,
        once: Once[ContactList] | None = None,
    ) -> ContactList:
        """Return the list, VALIDATING; what comes of the file shows in its status.

        Raises InvalidInput for the name.
        """
        name = checked_list_name(name)
        parts = await asyncio.to_thread(_parts, file)
        now = self._clock.now()
        (list_id,) = await self._store.take_ids(1, now)
        made = ContactList(
            id=ContactListId(list_id),
            account_id=account.id,
            name=name,
            status=ContactListStatus.VALIDATING,
            created_at=now,
        )
        async with self._store.begin() as tx:
            await tx.add_contact_list(made, import_due_at=now, use_custom_fields=use_custom_fields)
            await tx.add_list_file(made.id, parts)
            if once is not None:
                await once.save(tx, account.id, made, now=now)
            await tx.commit()
        self._wake()
        return made


class ImportLists:
    """Read the files of lists that wait, and put their contacts in."""

    def __init__(self, *, store: Store, clock: Clock, holder: str) -> None:
        self._store = store
        self._clock = clock
        self._holder = holder
        self._bell = asyncio.Event()

    def wake(self) -> None:
        """Look for lists now instead of at the next poll."""
        self._bell.set()

    async def __call__(self) -> int:
        """Import what there is; return how many lists."""
        imported = 0
        while True:
            now = self._clock.now()
            async with self._store.begin() as tx:
                claimed = await tx.claim_list_import(
                    now=now, holder=self._holder, until=now + _HOLD_FOR
                )
                await tx.commit()
            if claimed is None:
                return imported
            try:
                await self._import(claimed)
            except Unavailable:
                raise  # whoever comes when our hold has run out goes on with it
            except Exception:  # one file must not keep the others from being read
                log.exception("import failed", extra={"contact_list_id": claimed.contact_list.id})
                await self._fail(claimed)
            imported += 1

    async def run(self) -> None:
        """Do so until cancelled."""
        while True:
            try:
                await self()
            except Unavailable:
                log.warning("store unavailable, imports of lists wait")
            try:
                async with asyncio.timeout(_POLL):
                    await self._bell.wait()
            except TimeoutError:
                pass
            self._bell.clear()

    async def _import(self, work: ListImport) -> None:
        contact_list = work.contact_list
        data = await self._file(contact_list.id)
        try:
            table = await asyncio.to_thread(
                read_table, data, use_custom_fields=work.use_custom_fields
            )
            await asyncio.to_thread(table.check)
        except TableUnreadable as error:
            status = ContactListStatus.PARSE_FAILED
            if isinstance(error, CellTooLong):
                status = ContactListStatus.COLUMN_TOO_LARGE
            await self._end(replace(contact_list, status=status, problem=str(error)), work)
            return
        await self._import_rows(work, table)

    async def _import_rows(self, work: ListImport, table: ContactTable) -> None:
        contact_list = replace(work.contact_list, status=ContactListStatus.IMPORTING)
        left_out = _LeftOut()
        rows = table.rows()
        done = size = 0
        while True:
            before = work.imported_rows - done  # rows that another process has brought in
            batch = await asyncio.to_thread(
                _next, rows, _BATCH if before <= 0 else min(before, _BATCH)
            )
            if not batch:
                break
            done += len(batch)
            left_out.note(batch)
            found = [row.contact for row in batch if row.contact is not None]
            size += len(found)
            if done <= work.imported_rows:
                continue
            now = self._clock.now()
            ids = await self._store.take_ids(len(found), now)
            contacts = [
                Contact(
                    id=ContactId(contact_id),
                    account_id=contact_list.account_id,
                    details=details,
                    created_at=now,
                    updated_at=now,
                )
                for contact_id, details in zip(ids, found, strict=True)
            ]
            if not await self._write(contact_list, contacts, done):
                log.info("import of a list given up", extra={"contact_list_id": contact_list.id})
                return
        status = ContactListStatus.ACTIVE if size else ContactListStatus.ERRORS
        await self._end(replace(contact_list, status=status, problem=left_out.words(size)), work)

    async def _write(
        self, contact_list: ContactList, contacts: Sequence[Contact], done: int
    ) -> bool:
        async with self._store.begin() as tx:
            held = await tx.import_into_list(
                contact_list,
                contacts,
                imported_rows=done,
                holder=self._holder,
                until=self._clock.now() + _HOLD_FOR,
            )
            await tx.commit()
        return held

    async def _end(self, contact_list: ContactList, work: ListImport) -> None:
        async with self._store.begin() as tx:
            held = await tx.import_into_list(
                contact_list,
                [],
                imported_rows=work.imported_rows,
                holder=self._holder,
                until=None,
            )
            if held:
                await tx.announce([announcement(contact_list, now=self._clock.now())])
            await tx.commit()
        log.info(
            "list imported",
            extra={"contact_list_id": contact_list.id, "status": contact_list.status.value},
        )

    async def _fail(self, work: ListImport) -> None:
        problem = "a fault inside the server; its log has the details"
        failed = replace(work.contact_list, status=ContactListStatus.IMPORT_FAILED, problem=problem)
        await self._end(failed, work)

    async def _file(self, list_id: ContactListId) -> bytes:
        data = bytearray()
        part = 0
        async with self._store.begin(read_only=True) as tx:
            while (some := await tx.list_file_part(list_id, part)) is not None:
                data += some
                part += 1
        return bytes(data)


@dataclass(slots=True)
class _LeftOut:
    """The rows that make no contact."""

    count: int = 0
    first: str = ""

    def note(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row.problem is not None:
                self.count += 1
                if self.count <= _TOLD:
                    self.first += f"; row {row.number}: {row.problem}"

    def words(self, size: int) -> str | None:
        """Return what is told of them, or of a file that has no contact at all."""
        if self.count == 0:
            return None if size else "the file has no row below the names of its columns"
        more = f"; and {self.count - _TOLD} more" if self.count > _TOLD else ""
        rows = "1 row was" if self.count == 1 else f"{self.count} rows were"
        return f"{rows} left out: {self.first.removeprefix('; ')}{more}"


def _next(rows: Iterator[Row], count: int) -> Sequence[Row]:
    return list(islice(rows, count))


def _parts(file: Path) -> Sequence[bytes]:
    data = file.read_bytes()
    return [data[at : at + _PART] for at in range(0, len(data), _PART)] or [b""]
