"""Bodies of several parts: forms with files (RFC 7578), and SOAP with attachments (RFC 2387)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from ringcast.web.errors import BadRequest

if TYPE_CHECKING:  # the module defines it for type checkers only
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["Part", "boundary_of", "parts_of"]

_MAX_PARTS = 2000
_MAX_HEADER = 8192  # bytes of one header


@dataclass(frozen=True, slots=True)
class Part:
    """One part."""

    headers: Mapping[str, str]
    """By names in lower case."""
    data: bytes

    @property
    def name(self) -> str | None:
        """The name that a form's part has."""
        _, options = parse_options_header(self.headers.get("content-disposition"))
        name = options.get(b"name")
        return None if name is None else name.decode("utf-8", "replace")

    @property
    def is_file(self) -> bool:
        """Whether the part says that it is a file, or of a type that is no plain text."""
        _, options = parse_options_header(self.headers.get("content-disposition"))
        return b"filename" in options

    @property
    def content_id(self) -> str | None:
        """The identifier by which another part refers to this one."""
        found = self.headers.get("content-id")
        return None if found is None else found.strip().removeprefix("<").removesuffix(">")


def boundary_of(content_type: str | None) -> bytes:
    """Return the boundary; raise BadRequest if there is none."""
    _, options = parse_options_header(content_type)
    boundary = options.get(b"boundary")
    if not boundary:
        raise BadRequest("the Content-Type names no boundary")
    return boundary


def parts_of(body: bytes, boundary: bytes) -> list[Part]:
    """Return the parts; raise BadRequest if the body cannot be read."""
    reader = _Reader()
    try:
        parser = MultipartParser(boundary, reader.callbacks())
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as exc:
        raise BadRequest("the parts of the body cannot be read") from exc
    if not reader.ended:
        raise BadRequest("the body ends before its last boundary")
    return reader.parts


class _Reader:
    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._headers: dict[str, str] = {}
        self._name = bytearray()
        self._value = bytearray()
        self._data = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._on_name,
            "on_header_value": self._on_value,
            "on_header_end": self._end_header,
            "on_headers_finished": self._ignore,
            "on_part_data": self._on_data,
            "on_part_end": self._end_part,
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if len(self.parts) >= _MAX_PARTS:
            raise BadRequest(f"the body has more than {_MAX_PARTS} parts")
        self._headers = {}
        self._data = bytearray()

    def _on_name(self, data: bytes, start: int, end: int) -> None:
        self._name += data[start:end]
        self._check(self._name)

    def _on_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]
        self._check(self._value)

    @staticmethod
    def _check(header: bytearray) -> None:
        if len(header) > _MAX_HEADER:
            raise BadRequest("a header in the body is too long")

    def _end_header(self) -> None:
        name = self._name.decode("latin-1").lower()
        self._headers[name] = self._value.decode("utf-8", "replace")
        self._name.clear()
        self._value.clear()

    def _ignore(self) -> None:
        pass

    def _on_data(self, data: bytes, start: int, end: int) -> None:
        self._data += data[start:end]

    def _end_part(self) -> None:
        self.parts.append(Part(self._headers, bytes(self._data)))

    def _end(self) -> None:
        self.ended = True
