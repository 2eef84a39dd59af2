"""The properties of a request's body: JSON read as tolerantly as the vendor's clients need.

Null counts as absent; booleans and numbers may be text; words of an enumeration have no case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from ringcast.apis.bandwidth_v1.errors import Refused, bad_value, missing
from ringcast.web.errors import BadRequest

__all__ = ["Fields", "read_fields"]

_MAX_URL = 2000  # characters


class Fields:
    """What is given, by name; what is null is not given."""

    def __init__(self, values: Mapping[str, Any], *, resource: str) -> None:
        self._values = {name: value for name, value in values.items() if value is not None}
        self._resource = resource

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __bool__(self) -> bool:
        return bool(self._values)

    def check(self, known: Iterable[str], *, refused: Mapping[str, str] | None = None) -> None:
        """Refuse properties that have no effect here."""
        for name in self._values:
            if refused and name in refused:
                raise bad_value(f"The '{self._resource}' property '{name}': {refused[name]}")
        unknown = set(self._values) - set(known)
        if unknown:
            raise bad_value(
                f"The '{self._resource}' resource has no property '{min(unknown)[:64]}'"
            )

    def text(self, name: str, *, most: int | None = None) -> str | None:
        """Return a text; numbers are taken as such."""
        value = self._values.get(name)
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or "\0" in value:
            raise bad_value(f"The value of '{name}' must be text")
        if most is not None and len(value) > most:
            raise bad_value(f"The value of '{name}' must not exceed {most} characters")
        try:
            value.encode()
        except UnicodeEncodeError:
            raise bad_value(f"The value of '{name}' has half of a surrogate pair") from None
        return value

    def needed(self, name: str) -> str:
        """Return a text that must be there."""
        value = self.text(name)
        if not value:
            raise missing(self._resource, name)
        return value

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return a boolean."""
        value = self._values.get(name, default)
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise bad_value(f"The value of '{name}' must be one of: true, false")
        return value

    def whole(
        self, name: str, default: int, *, least: int, most: int, code: str = "validation-error"
    ) -> int:
        """Return a whole number within limits."""
        value = self._values.get(name, default)
        if isinstance(value, str) and value.lstrip("-").isdecimal() and len(value) <= 12:
            value = int(value)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise bad_value(f"The value of '{name}' must be a whole number")
        if value < least:
            raise bad_value(f"The value of '{name}' must be greater than or equal to {least}")
        if value > most:
            category = "bad-request" if code == "validation-error" else "forbidden"
            raise Refused(category, code, f"The value of '{name}' must not exceed {most}")
        return value

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """Return one of some words, as it is written among them."""
        text = self.text(name)
        if text is None:
            return None
        for one in choices:
            if text.lower() == one.lower():
                return one
        raise bad_value(f"The value of '{name}' must be one of: {', '.join(choices)}")

    def url(self, name: str, *, code: str = "validation-error") -> str | None:
        """Return an absolute http(s) URL; None for one that is not given, or empty."""
        text = self.text(name)
        if not text:
            return None
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        usable = parts.scheme in ("http", "https") and parts.hostname
        if not usable or len(text) > _MAX_URL or any(ord(c) <= 32 for c in text):
            raise Refused("bad-request", code, f"The value of '{name}' is not a valid URL")
        return text

    def part(self, name: str) -> Fields | None:
        """Return an object within."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise bad_value(f"The value of '{name}' must be an object")
        return Fields(value, resource=name)

    def words(self, name: str) -> Mapping[str, str]:
        """Return an object of texts."""
        part = self.part(name)
        if part is None:
            return {}
        return {one: part.text(one) or "" for one in part._values}

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty if it is not given."""
        value = self._values.get(name, [])
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise bad_value(f"The value of '{name}' must be a list of texts")
        return value

    def is_object(self, name: str) -> bool:
        """Whether there is an object of that name."""
        return isinstance(self._values.get(name), dict)


def read_fields(body: bytes, *, resource: str) -> Fields:
    """Read a JSON object; nothing counts as an empty one. Raises BadRequest."""
    if not body.strip():
        return Fields({}, resource=resource)
    try:
        values = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise BadRequest("the body is not JSON that can be read") from None
    if not isinstance(values, dict):
        raise BadRequest("the body must be a JSON object")
    return Fields(values, resource=resource)
