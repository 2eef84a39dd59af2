"""Reading request bodies: never more than allowed, and large ones never into memory."""

from __future__ import annotations

import asyncio
import hashlib
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from ringcast.web.errors import BadRequest, BodyTooLarge

if TYPE_CHECKING:  # the module defines it for type checkers only
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["UploadForm", "UploadedFile", "read_body", "read_upload"]

_MAX_FIELDS = 20
_MAX_FIELD = 64 * 1024  # bytes
_OVERHEAD = 256 * 1024  # bytes that boundaries, headers and fields may take beside the file
_WRITE_AT = 512 * 1024  # bytes gathered before they are written to disk


async def read_body(request: Request, *, limit: int) -> bytes:
    """Return the body; raise BodyTooLarge as soon as it has more than `limit` bytes."""
    _check_announced_length(request, limit)
    body = bytearray()
    async for chunk in _chunks(request):
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(limit)
    return bytes(body)


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadedFile:
    """A file that came in a form; it is deleted with its form."""

    path: Path
    filename: str
    """As the client named it, without directories."""
    size: int
    """Bytes."""
    sha256: str
    """Digest of the content, in hex."""


@dataclass(frozen=True, kw_only=True, slots=True)
class UploadForm:
    """A form of the type multipart/form-data (RFC 7578)."""

    files: Mapping[str, UploadedFile] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)


@asynccontextmanager
async def read_upload(
    request: Request, *, file_part: str, limit: int, directory: Path | None = None
) -> AsyncIterator[UploadForm]:
    """Read a form with at most one file, which lies on disk until the context ends.

    `limit` is the file's greatest size in bytes. A part is a file if it is named `file_part`,
    whether or not it has a file name, or if it has a file name. Raises BadRequest, BodyTooLarge.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    boundary = options.get(b"boundary")
    if kind != b"multipart/form-data" or not boundary:
        raise BadRequest("send the file as multipart/form-data with a boundary")
    _check_announced_length(request, limit, overhead=_OVERHEAD)
    with tempfile.NamedTemporaryFile(prefix="upload-", dir=directory) as file:
        reader = _FormReader(file, file_part=file_part, limit=limit)
        try:
            parser = MultipartParser(boundary, reader.callbacks())
            total = 0
            async for chunk in _chunks(request):
                total += len(chunk)
                if total > limit + _OVERHEAD:
                    raise BodyTooLarge(limit)
                parser.write(chunk)
                if reader.unwritten >= _WRITE_AT:
                    await asyncio.to_thread(reader.write_out)
            parser.finalize()
        except FormParserError as exc:
            raise BadRequest("the multipart form cannot be read") from exc
        if not reader.ended:
            raise BadRequest("the multipart form ends before its last boundary")
        await asyncio.to_thread(reader.write_out)
        yield reader.form()


class _FormReader:
    """Sorts what the parser finds into one file on disk and small fields."""

    def __init__(self, file: IO[bytes], *, file_part: str, limit: int) -> None:
        self._file = file
        self._file_part = file_part
        self._limit = limit
        self._pending = bytearray()
        self._files: dict[str, UploadedFile] = {}
        self._fields: dict[str, str] = {}
        self._header_name = bytearray()
        self._header_value = bytearray()
        self._disposition: bytes | None = None
        self._part = ""
        self._filename: str | None = None
        self._data = bytearray()
        self._size = 0
        self._digest = hashlib.sha256()
        self._is_file = False
        self.ended = False

    @property
    def unwritten(self) -> int:
        """Bytes of the file that wait to be written."""
        return len(self._pending)

    def write_out(self) -> None:
        """Write what waits; blocks on the disk."""
        self._file.write(self._pending)
        self._file.flush()
        self._pending.clear()

    def form(self) -> UploadForm:
        """Return what was read."""
        return UploadForm(files=self._files, fields=self._fields)

    def callbacks(self) -> MultipartCallbacks:
        """Return what the parser is to call."""
        return {
            "on_part_begin": self._begin_part,
            "on_header_field": self._header_name_data,
            "on_header_value": self._header_value_data,
            "on_header_end": self._end_header,
            "on_headers_finished": self._end_headers,
            "on_part_data": self._part_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin_part(self) -> None:
        if len(self._fields) + len(self._files) >= _MAX_FIELDS:
            raise BadRequest(f"the form has more than {_MAX_FIELDS} parts")
        self._disposition = None
        self._data.clear()

    def _header_name_data(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_value_data(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _end_header(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = bytes(self._header_value)
        self._header_name.clear()
        self._header_value.clear()

    def _end_headers(self) -> None:
        _, options = parse_options_header(self._disposition)
        if b"name" not in options:
            raise BadRequest("a part of the form has no name")
        self._part = options[b"name"].decode("utf-8", "replace")
        filename = options.get(b"filename")
        self._is_file = filename is not None or self._part == self._file_part
        if self._is_file and self._files:
            raise BadRequest("the form has more than one file")
        self._filename = None if filename is None else _base_name(filename)
        self._size = 0

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        self._size += end - start
        if self._is_file:
            if self._size > self._limit:
                raise BodyTooLarge(self._limit)
            self._pending += data[start:end]
            self._digest.update(memoryview(data)[start:end])
        else:
            if self._size > _MAX_FIELD:
                raise BadRequest(
                    f"part {self._part!r} of the form is larger than {_MAX_FIELD} bytes"
                )
            self._data += data[start:end]

    def _end_part(self) -> None:
        if self._is_file:
            self._files[self._part] = UploadedFile(
                path=Path(self._file.name),
                filename=self._filename or "",
                size=self._size,
                sha256=self._digest.hexdigest(),
            )
            return
        if self._part in self._fields:
            raise BadRequest(f"the form has part {self._part!r} twice")
        try:
            self._fields[self._part] = self._data.decode()
        except UnicodeDecodeError:
            raise BadRequest(f"part {self._part!r} of the form is not UTF-8") from None

    def _end(self) -> None:
        self.ended = True


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    try:
        async for chunk in request.stream():
            yield chunk
    except ClientDisconnect as exc:
        raise BadRequest("the request broke off") from exc


def _check_announced_length(request: Request, limit: int, *, overhead: int = 0) -> None:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and (len(announced) > 18 or int(announced) > limit + overhead):
        raise BodyTooLarge(limit)


def _base_name(filename: bytes) -> str:
    """Return the last component, whichever system's separators the client used."""
    name = filename.decode("utf-8", "replace").replace("\\", "/")
    return name.rsplit("/", 1)[-1]
