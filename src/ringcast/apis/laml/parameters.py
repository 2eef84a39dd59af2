"""Parameters of requests: forms and queries, read strictly, refused with the vendors' codes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from urllib.parse import parse_qsl, urlsplit

from ringcast.apis.laml.errors import Refused
from ringcast.web.errors import BadRequest

__all__ = ["METHODS", "Parameters", "parse_form", "parse_when", "span_of"]

METHODS = ("GET", "POST")
_MAX_FIELDS = 500
_MAX_URL = 2000  # characters


class Parameters:
    """What a request gives, each name with its values in order; a blank value counts as absent."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        self._named: set[str] = set()
        for name, value in items:
            self._named.add(name)
            if value != "":
                self._values.setdefault(name, []).append(value)

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def is_cleared(self, name: str) -> bool:
        """Whether a name is there without a value: what it stands for is to be taken away."""
        return name in self._named and name not in self._values

    def check(self, known: Iterable[str], *, refused: Iterable[str] = ()) -> None:
        """Refuse parameters that have no effect here; those a vendor has, by other words."""
        not_here = set(refused)
        for name in self._values:
            if name in not_here:
                raise Refused(90000, f"Parameter {name} is not available on this system")
        unknown = set(self._values) - set(known)
        if unknown:
            name = min(unknown)[:64]
            raise Refused(90000, f"Parameter {name} is not supported here")

    def text(self, name: str) -> str | None:
        """Return the only value of a name, None without one."""
        values = self._values.get(name, [])
        if len(values) > 1:
            raise Refused(20422, f"Parameter {name} is given more than once")
        return values[0] if values else None

    def words(self, name: str) -> Sequence[str]:
        """Return all values of a name; one value may hold several, with spaces between."""
        return [word for value in self._values.get(name, []) for word in value.split()]

    def whole(self, name: str, default: int, *, least: int, most: int, code: int = 10000) -> int:
        """Return a whole number within limits."""
        text = self.text(name)
        if text is None:
            return default
        if not (text.isascii() and text.isdecimal()) or len(text) > 9:
            raise Refused(code, f"{name} must be a whole number from {least} to {most}")
        if not least <= int(text) <= most:
            raise Refused(code, f"{name} is {text}: it must be from {least} to {most}")
        return int(text)

    def flag(self, name: str, *, default: bool = False) -> bool:
        """Return `true` or `false`."""
        return self.choice(name, ("true", "false"), str(default).lower()) == "true"

    def choice(
        self, name: str, choices: Sequence[str], default: str = "", *, code: int = 10000
    ) -> str:
        """Return one of some words."""
        text = self.text(name)
        if text is None:
            return default
        for one in choices:
            if text.lower() == one.lower():
                return one
        raise Refused(code, f"{name} must be one of {', '.join(choices)}, not {text[:64]!r}")

    def method(self, name: str) -> str:
        """Return GET or POST, which is the default."""
        return self.choice(name, METHODS, "POST", code=21209)

    def url(self, name: str, *, code: int = 21402) -> str | None:
        """Return an absolute http(s) URL."""
        text = self.text(name)
        if text is None:
            return None
        try:
            parts = urlsplit(text)
            _ = parts.port
        except ValueError:
            parts = urlsplit("")
        usable = parts.scheme in ("http", "https") and parts.hostname
        if not usable or len(text) > _MAX_URL or any(ord(c) <= 32 for c in text):
            raise Refused(code, f"{name} {text[:100]!r} is not an absolute http or https URL")
        return text


def parse_form(body: bytes) -> Parameters:
    """Read a form as application/x-www-form-urlencoded; raise BadRequest if it is none."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=bool(body.strip()),
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise BadRequest("the body is not a form that can be read") from None
    if any("\0" in name or "\0" in value for name, value in pairs):
        raise BadRequest("a form has no NUL characters")
    return Parameters(pairs)


def parse_when(name: str, text: str) -> tuple[datetime, timedelta]:
    """Read a date (YYYY-MM-DD, a day long) or a time (RFC 2822, a second long), in UTC."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        pass
    else:
        return datetime(day.year, day.month, day.day, tzinfo=UTC), timedelta(days=1)
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            when = read(text)
        except (ValueError, TypeError, IndexError):
            continue
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC), timedelta(
            seconds=1
        )
    raise Refused(20422, f"{name} {text[:64]!r} is neither YYYY-MM-DD nor a time by RFC 2822")


def span_of(parameters: Parameters, name: str) -> tuple[datetime | None, datetime | None]:
    """Return from when and until when: `NAME>` is on or after, `NAME<` before, `NAME` equal."""
    since: datetime | None = None
    until: datetime | None = None
    for suffix in ("", "<", ">"):
        text = parameters.text(f"{name}{suffix}")
        if text is None:
            continue
        when, length = parse_when(name, text)
        if suffix == "<":
            until = when
        else:
            since = when
            if not suffix:
                until = when + length
    return since, until
