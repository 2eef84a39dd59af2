"""The page that says how much of the API there is, made from its tables."""

from __future__ import annotations

from collections.abc import Iterable

from ringcast.apis.bandwidth_v1.call_events import LOGGED
from ringcast.apis.bandwidth_v1.callbacks import EVENT_TYPES
from ringcast.apis.bandwidth_v1.errors import CODES
from ringcast.apis.bandwidth_v1.routes import OPERATIONS, Operation
from ringcast.apis.bandwidth_v1.statuses import (
    CAUSE_OF_OUTCOME,
    CAUSE_OF_Q850,
    CAUSE_OF_SIP,
    GATHER_REASONS,
)

__all__ = ["EVENTS_NOT_SENT", "coverage_page"]

EVENTS_NOT_SENT = {
    "transcription": "nothing is transcribed",
    "sms": "no messaging",
    "mms": "no messaging",
    "redirect": "no BXML yet",
    "transferComplete": "no BXML yet",
}

_HEAD = """\
# Bandwidth v1 (Catapult)

Under `/v1`, every path with or without a slash at its end; HTTP Basic with `api_token` and
`api_secret`, the account's `user_id` in the path. Any other identifier of the account opens and
names it as well. This page is made from the tables of the dialect:
`python -m ringcast.apis.bandwidth_v1.coverage`.

- Identifiers are the prefix of their kind and 26 letters of base32.
- Errors carry `category`, `code`, `message` and `details`. What is not here answers 400 with
  `validation-error`, as does a property without effect, which is named. `null` counts as absent;
  booleans and numbers may be text; words of an enumeration have no case.
- A request about a live call is answered when what it asks for is under way. What comes of it is
  told by callbacks, which are in the order of the call's events, each sent once to `callbackUrl`
  and, if that does not take it within `callbackTimeout`, once to `fallbackUrl`. What was not taken
  is in `/errors`; it can be sent again with `ringcast delivery resend`.
- Requests act on every live call of the account, whichever API made it. Its script goes on; a
  sound that a request asks for takes the place of the script's.
- A second sound replaces the first. Stopping speech takes `{"sentence": ""}`, stopping a file
  `{"fileUrl": ""}`; the other one is `call-audio-invalid-state`. `volume` is only 0. A sound that
  cannot be had leaves the call as it is and is noted in the server's log.
- A gather's prompt tells `playback` or `speak` with the tag of the gather. The time for the first
  key runs from the end of the prompt. One gather of a call at a time.
- `voice` is a name from the vendor's list and says only man or woman: eSpeak NG speaks.
- `recordingMaxDuration` and `recordingFileFormat` of an update are taken with `recordingEnabled`.
  A recording that ends with the call is told after `hangup`.
- A transfer answers 201 with the new leg, which is dialled for 60 s, and whose callbacks go to the
  `callbackUrl` of the transfer. The call is `transferring` until the two have parted, and then
  ends; if nobody takes it, it is `active` again. `transferCallerId` is a number of the account,
  or the caller's own; `private` and Diversion headers are refused. A whisper is heard once.
- A bridge takes calls that are active (`bridgeId` of a new call is refused); one that is left goes
  on and waits for requests. While `bridgeAudio` is false the calls hear nothing. The newest
  thousand are listed. It is a conference of two, which the other APIs show as one.
- Conferences have at most 20 members, calls created with their `conferenceId`. Keys are passed on
  (`passthru_digits`), not interpreted. `hold` and `mute` of a conference are those of all its
  members. Audio for one member is told by its call. Callbacks of a conference are set when it is
  made. A call whose conference ends goes on and waits for requests.
- A SIP address that is called is called as it is, not over the trunk. `sips:` is not taken.
- `chargeableDuration` is rounded up to minutes; nothing is charged: the balance is 0.
- Limits of calls and requests are off unless `--api-rate` and `--trunk-cps` set them.
"""


def coverage_page() -> str:
    """Return the page as Markdown."""
    here = sum(operation.handler is not None for operation in OPERATIONS)
    events = [(f"`{one}`", "yes", "") for one in EVENT_TYPES]
    events += [(f"`{one}`", "no", why) for one, why in EVENTS_NOT_SENT.items()]
    sections = [
        _HEAD,
        f"## Operations: {here} of {len(OPERATIONS)}\n",
        _table(("method", "path", "state", "properties"), map(_operation, OPERATIONS)),
        f"\n## Callbacks: {len(EVENT_TYPES)} of {len(events)}\n",
        _table(("eventType", "state", "why not"), events),
        f"\nThe log of a call (`/events`) has {_words(LOGGED)}.\n",
        "## Codes\n",
        "Those that follow from what has happened; each handler has its own besides.\n",
        _table(
            ("error", "category", "code"),
            ((f"{kind.__name__}", f"`{row[0]}`", f"`{row[1]}`") for kind, row in CODES.items()),
        ),
        "\n## Reasons of gathers\n",
        _table(
            ("what ended it", "reason"), ((f"`{k}`", f"`{v}`") for k, v in GATHER_REASONS.items())
        ),
        "\n## Causes of hang-ups\n",
        "The Q.850 cause of the network says it, else the SIP status, else our own outcome.\n",
        _table(
            ("from", "cause"),
            [(f"Q.850 {code}", f"`{cause}`") for code, cause in CAUSE_OF_Q850.items()]
            + [(f"SIP {code}", f"`{cause}`") for code, cause in CAUSE_OF_SIP.items()]
            + [(f"outcome `{one}`", f"`{cause}`") for one, cause in CAUSE_OF_OUTCOME.items()],
        ),
    ]
    return "\n".join(sections)


def _operation(operation: Operation) -> tuple[str, ...]:
    state = "yes" if operation.handler else "400"
    parts = [_words(operation.takes)] if operation.takes else []
    if operation.refuses:
        parts.append(f"refused: {_words(operation.refuses)}")
    if operation.reason:
        parts.append(f"{operation.reason} is not available")
    return operation.method, f"`{operation.path}`", state, "; ".join(parts)


def _words(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


if __name__ == "__main__":
    import sys

    sys.stdout.write(coverage_page())
