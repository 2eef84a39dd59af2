"""The page that says how much of the API there is, made from its tables."""

from __future__ import annotations

from collections.abc import Iterable

from ringcast.apis.laml.routes import OPERATIONS, Operation
from ringcast.apis.laml.statuses import STATUS_OF_OUTCOME
from ringcast.apis.laml.verbs import ATTRIBUTES, REFUSED, conference
from ringcast.apis.laml.verbs.dial import NOUNS, NOUNS_REFUSED
from ringcast.apis.laml.verbs.say import SSML

__all__ = ["coverage_page"]

_HEAD = """\
# SignalWire Compatibility (LaML), Twilio 2010-04-01

Under `/api/laml/2010-04-01` and `/2010-04-01`, every path with or without `.json`; HTTP Basic
with any identifier of the account (`account_sid`, `project_id`, …) and its secret. This page is
made from the tables of the dialect: `python -m ringcast.apis.laml.coverage`.

- Identifiers are `AC…`, `CA…` with 32 hex digits for who names the account so in the path, and
  UUIDs for who names it by its `project_id`; both are read everywhere. Webhooks of a call carry
  the family of the request that created it.
- Errors carry `code`, `message`, `more_info`, `status`, and the array `errors` of SignalWire's
  calls. What is not here answers 400 with 10001; a parameter without effect answers 400 with
  90000 and is named. A parameter without a value counts as absent.
- Pages: `Page`, `PageSize` (50, at most 1000); SignalWire's clients need `PageToken` above page
  0.
- Requests for documents carry `X-SignalWire-Signature` and `X-Twilio-Signature` with the same
  value, made with the account's **signing key**: give that to `RequestValidator`. The auth
  token cannot be used, for the server keeps only a hash of it. `ringcast account add` and `…
  rotate` show the key.
- Documents: at most 64 kB, connected to within 2 s and answered in 5 s, or as the fragment of
  the URL says (`#ot=…&rt=…&tt=…` in milliseconds). XML types are run, audio is played,
  `text/plain` is spoken. A document is checked whole before its first verb is done; one that
  cannot be had or run turns the call to its fallback URL with `ErrorCode` and `ErrorUrl`, once,
  and else ends it. A sound that cannot be had, or a text that cannot be spoken, is left out and
  noted in the server's log.
- What was wrong with documents is in `Notifications`, for the account and for each call: documents
  that could not be had or run (`log` 0), and what was left out of them (`log` 1), with code, URL
  and method; `request_variables` and what was answered are not kept.
- `Laml` and `Twiml` are checked when the call is created (20422). `Method`, `FallbackMethod`:
  POST.
- `CallerId` is the number shown, and is then the `from` of the call; it must be the account's,
  as `callerId` of `<Dial>` must be.
- Of a voice only man or woman is taken, and the language: eSpeak NG speaks, whatever the name.
- A call to a number runs the document at its `VoiceUrl`, or that of its application. The first
  verb that needs it to be answered answers it: `Pause` waits before that, `Reject` turns it away
  (`busy` in the list of calls). A number can be given a document with `ringcast number add
  --voice-url` as well; its requests carry UUIDs, or with `--twilio-ids` Twilio's identifiers. A
  number's `StatusCallback` is told of the end of its calls, or that of its application is.
- With `ApplicationSid` the application's URLs, methods and status callback count for a call, and
  not its own.
- `answerOnBridge` does not hold back the answer of a call that comes in: it is answered when
  `<Dial>` begins, and a warning says so in Notifications. (Other calls are answered by then.)
- `answered_by` shows `human`, `machine` or `fax` if the call asked for detection; a call
  screening assistant counts as a machine.
- Status callbacks are sent at least once, in the order of a call's events, each tried three times
  (after 1 and 3 more seconds, each within the limits of the URL's fragment) and then given up, so
  that a dead URL holds up what comes next for seconds; attempts to tell the same thing carry the
  same `I-Twilio-Idempotency-Token`. What was given up can be sent again with `ringcast delivery
  resend`. The last one tells `CallDuration`, `AnsweredBy` with detection, the SIP status, and the
  recording of a call with `Record`. They tell nothing of audio quality or of who has hung up.
- A call that is up can be recorded by a request, once at a time, and that ended; `paused` and
  `in-progress` are not available (10001).
- With `AsyncAmd` the document runs while it is found out who has answered.
- Recording callbacks (`in-progress`, `completed`, `absent`) come for whole calls, `<Record>` and
  `<Dial>`. A recording of less than a tenth of a second is `absent`.
- A recording is at `/Recordings/{sid}` with `.json`, `.wav` or `.mp3`; without an ending it is WAV,
  or JSON for who asks for that. The audio wants credentials like everything else.
- When somebody hangs up while `<Dial>` is at work, its `action` is requested all the same; that of
  `<Gather>` is with `actionOnEmptyResult`. `CallStatus` is `completed` then.
- `EndTime` finds calls that lasted, with the wait to be dialled, no longer than 25 hours; it looks
  at 20,000 calls at the most.
- `<Conference>` stands alone in a `<Dial>` that takes `action`, `method`, `timeLimit` and
  `hangupOnStar`. Documents to wait by, of hold and of announcements hold Play, Say, Pause and
  Redirect (13238); they are fetched once, before they are heard, and heard over and over. Without a
  `waitUrl` there is hold music, with an empty one silence. Conferences are not recorded (`record`
  is `do-not-record`). Whom `POST …/Participants` calls is shown among the participants once they
  have joined; a conference of a new name is made for them. `speaker` events are not told, nor is a
  `SequenceNumber`. A conference ends
  with its last participant; those of a server that has died end as `last-participant-kicked`.
"""


def coverage_page() -> str:
    """Return the page as Markdown."""
    here = sum(operation.handler is not None for operation in OPERATIONS)
    verbs = [(f"`{name}`", "yes", _words(taken)) for name, taken in ATTRIBUTES.items()]
    verbs += [(f"`{name}`", "13750", why) for name, why in REFUSED.items()]
    nouns = [(f"`{name}`", "yes", _words(taken)) for name, taken in NOUNS.items()]
    nouns.append(("`Conference`", "yes", _words(conference.ATTRIBUTES)))
    nouns += [(f"`{name}`", "refused", why) for name, why in NOUNS_REFUSED.items()]
    sections = [
        _HEAD,
        f"## Operations: {here} of {len(OPERATIONS)}\n",
        _table(("method", "path", "state", "parameters"), map(_operation, OPERATIONS)),
        f"\n## Verbs: {len(ATTRIBUTES)} of {len(verbs)}\n",
        _table(("verb", "state", "attributes"), verbs),
        f"\nInside `Say`: {_words(SSML)}; other elements are refused (13215).\n",
        "## Nouns of Dial\n",
        _table(("noun", "state", "attributes"), nouns),
        "\n## Statuses\n",
        _table(
            ("outcome", "status"),
            ((f"`{ours}`", f"`{word}`") for ours, word in STATUS_OF_OUTCOME.items()),
        ),
    ]
    return "\n".join(sections)


def _operation(operation: Operation) -> tuple[str, ...]:
    state = "yes" if operation.handler else "10001"
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
