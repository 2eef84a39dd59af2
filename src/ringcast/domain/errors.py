"""The tree of errors that the core raises and every dialect maps to its own codes.

RingcastError
├─ InvalidInput            what was asked for cannot be, whoever asks
│  ├─ InvalidNumber        a telephone number that is none
│  ├─ InvalidAudio         audio that cannot be read, or is outside the limits
│  ├─ UnknownCallerId      a caller id that is not the account's
│  └─ NothingToSay         a call without anything to play
├─ NotFound                no such resource in this account
├─ Unauthenticated         no credential, or a wrong one
├─ NotPermitted            a credential that opens the account, but not this
├─ Conflict                the resource exists, or has moved on
│  └─ IllegalTransition
├─ NotSupported            a thing this system does not do (and says so)
└─ Unavailable             try again later, at `retry_after` if known
   ├─ LimitReached
   └─ EngineUnavailable
      └─ OfferGone          who called us has given up, or waited too long
"""

from __future__ import annotations

from datetime import timedelta

__all__ = [
    "Conflict",
    "EngineUnavailable",
    "IllegalTransition",
    "InvalidAudio",
    "InvalidInput",
    "InvalidNumber",
    "LimitReached",
    "NotFound",
    "NotPermitted",
    "NotSupported",
    "NothingToSay",
    "OfferGone",
    "RingcastError",
    "Unauthenticated",
    "Unavailable",
    "UnknownCallerId",
]


class RingcastError(Exception):
    """Whatever the core refuses or fails to do; `str()` is fit to be shown to the caller."""


class InvalidInput(RingcastError):
    """What was asked for cannot be. `field` names the member at fault, when there is one."""

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class InvalidNumber(InvalidInput):
    """The text is not a telephone number that could be dialled."""

    def __init__(self, text: str, *, field: str | None = None) -> None:
        super().__init__(
            f"{text!r} is not a telephone number: give it as +12135550100 or 12135550100",
            field=field,
        )
        self.text = text


class InvalidAudio(InvalidInput):
    """The audio cannot be used; subclasses in `ports.audio` say why."""


class UnknownCallerId(InvalidInput):
    """The caller id is not one of the account's numbers."""

    def __init__(self, number: str | None) -> None:
        if number is None:
            message = (
                "the account has no number to call from: add one with `ringcast number add NUMBER`"
            )
        else:
            message = (
                f"{number} is not a number of this account: add it with `ringcast number add"
                f" {number} --caller-id-only`, or call from a number that is"
            )
        super().__init__(message, field="fromNumber")
        self.number = number


class NothingToSay(InvalidInput):
    """A call was asked for that has neither sound nor text nor script."""

    def __init__(self) -> None:
        super().__init__("the call has nothing to say: give a sound, a text or a script")


class NotFound(RingcastError):
    """The account has no such resource; other accounts' resources look the same."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"{kind} {key} does not exist")
        self.kind, self.key = kind, key


class Unauthenticated(RingcastError):
    """The request carries no credential, or one that opens nothing."""


class NotPermitted(RingcastError):
    """The credential opens the account, but not what was asked for."""


class Conflict(RingcastError):
    """The request does not fit the state the resource is in."""


class IllegalTransition(Conflict):
    """A thing cannot move from its present state to the one asked for."""

    def __init__(self, kind: str, key: object, now: object, asked: object) -> None:
        super().__init__(f"{kind} {key} is {now}: it cannot become {asked}")
        self.kind, self.key, self.now, self.asked = kind, key, now, asked


class NotSupported(RingcastError):
    """A thing this system does not do."""


class Unavailable(RingcastError):
    """Not now. `retry_after` says when to come back, where that is known."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class LimitReached(Unavailable):
    """A limit of calls per second, concurrency or size says no."""


class EngineUnavailable(Unavailable):
    """No engine can place the call at present."""


class OfferGone(EngineUnavailable):
    """A call that came to us cannot be taken any more."""

    def __init__(self) -> None:
        super().__init__("the caller has hung up, or waited too long")
