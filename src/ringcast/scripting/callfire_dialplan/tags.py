"""The tags of dialplans: what each may carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, TypeAlias

from ringcast.scripting.callfire_dialplan.values import (
    HOLD_MUSIC,
    VOICES,
    BadValue,
    duration,
    milliseconds,
    pressed,
    truth,
)
from ringcast.scripting.callfire_dialplan.variables import NAME

__all__ = ["REFUSED", "SILENT", "TAGS", "Content", "Tag"]

Check: TypeAlias = Callable[[str], object]
"""Raises BadValue."""


class Content(Enum):
    """What stands inside a tag."""

    NOTHING = "nothing"
    TEXT = "text"
    TAGS = "tags"


@dataclass(frozen=True, kw_only=True, slots=True)
class Tag:
    """A tag: its content, its attributes besides `name`, and where it may stand."""

    content: Content
    attributes: Mapping[str, Check | None] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    only_in: frozenset[str] = frozenset()
    """Tags that it must stand directly inside of; empty is any that holds steps."""
    only_holds: frozenset[str] = frozenset()
    """Tags that may stand directly inside; empty is all that are steps."""
    may_be_empty: bool = False


def _one_of(words: frozenset[str], *, fold: bool = False) -> Check:
    def check(text: str) -> None:
        if (text.strip().lower() if fold else text.strip()) not in words:
            raise BadValue(f"give one of {', '.join(sorted(words))}")

    return check


def _name(text: str) -> None:
    if not NAME.fullmatch(text):
        raise BadValue("the name of a variable has letters, digits, _, - and . only")


def _not_empty(text: str) -> None:
    if not text.strip():
        raise BadValue("it is empty")


def _digit(text: str) -> None:
    if text.strip() not in set("0123456789*"):
        raise BadValue("give one of 0 to 9 and *")


def _max_digits(text: str) -> None:
    if not (text.strip().isascii() and text.strip().isdigit() and 1 <= int(text) <= 32):
        raise BadValue("give a whole number from 1 to 32")


SILENT: Final = frozenset({"setvar", "stash", "get", "post", "dnc"})
"""Tags that need nobody at the other end."""

_WITH_ELSE: Final = frozenset({"if", "equal", "notEqual"})
_COMPARE: Final = Tag(
    content=Content.TAGS,
    attributes={"var": _not_empty, "expr": None},
    required=frozenset({"var", "expr"}),
    may_be_empty=True,
)

TAGS: Final[Mapping[str, Tag]] = {
    "dialplan": Tag(content=Content.TAGS, attributes={"loggingEnabled": truth}),
    "play": Tag(
        content=Content.TEXT,
        attributes={
            "type": _one_of(frozenset({"callfireid", "url", "tts"})),
            "voice": _one_of(frozenset(VOICES), fold=True),
            "cache": truth,
        },
        required=frozenset({"type"}),
    ),
    "menu": Tag(
        content=Content.TAGS,
        attributes={"timeout": duration, "maxDigits": _max_digits},
        only_holds=frozenset({"play", "keypress"}) | SILENT,
    ),
    "keypress": Tag(
        content=Content.TAGS,
        attributes={"pressed": pressed},
        required=frozenset({"pressed"}),
        only_in=frozenset({"menu"}),
        may_be_empty=True,
    ),
    "transfer": Tag(
        content=Content.TEXT,
        attributes={
            "callerid": _not_empty,
            "musiconhold": _one_of(HOLD_MUSIC),
            "continue-after": truth,
            "mode": _one_of(frozenset({"ringall", "waterfall"})),
            "timeout": duration,
            "whisper-tts": _not_empty,
            "screen": truth,
        },
    ),
    "record": Tag(
        content=Content.NOTHING,
        attributes={"varname": _name, "background": truth, "timeout": milliseconds},
    ),
    "setvar": Tag(
        content=Content.TEXT,
        attributes={"varname": _name},
        required=frozenset({"varname"}),
        may_be_empty=True,
    ),
    "stash": Tag(
        content=Content.TEXT,
        attributes={"varname": _not_empty},
        required=frozenset({"varname"}),
        may_be_empty=True,
    ),
    "goto": Tag(content=Content.TEXT),
    "gotoXML": Tag(content=Content.TEXT),
    "if": Tag(
        content=Content.TAGS,
        attributes={"expr": _not_empty},
        required=frozenset({"expr"}),
        may_be_empty=True,
    ),
    "else": Tag(content=Content.TAGS, only_in=_WITH_ELSE, may_be_empty=True),
    "equal": _COMPARE,
    "notEqual": _COMPARE,
    "amd": Tag(content=Content.TAGS, only_holds=frozenset({"live", "machine"})),
    "live": Tag(content=Content.TAGS, only_in=frozenset({"amd"}), may_be_empty=True),
    "machine": Tag(content=Content.TAGS, only_in=frozenset({"amd"}), may_be_empty=True),
    "catch": Tag(
        content=Content.TAGS,
        attributes={
            "type": _one_of(frozenset({"hangup", "digit"})),
            "value": _digit,
            "goto": _not_empty,
        },
        required=frozenset({"type", "goto"}),
    ),
    "get": Tag(content=Content.TEXT, attributes={"varname": _name}),
    "post": Tag(content=Content.TEXT, attributes={"varname": _name}),
    "dnc": Tag(content=Content.TEXT, attributes={"loggingEnabled": truth}),
    "dtmf": Tag(content=Content.TEXT),
    "wait": Tag(content=Content.TEXT),
    "hangup": Tag(content=Content.NOTHING),
}

REFUSED: Final[Mapping[str, str]] = {
    "sms": "this system sends no text messages",
    "text": "this system sends no text messages",
    "gtalk": "that messenger no longer exists",
    "analytics": "this system reports nothing to web analytics: use <get> for that",
}
"""Tags of the language that this system does not have, and why."""
