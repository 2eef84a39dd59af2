"""Programs: scripts that decide while the call is up, written as generators without any I/O.

An interpreter of a script language (a vendor's XML, an IVR dialplan) is a generator. It yields one
`Step` at a time and is sent the `StepResult` that came of it; what it does between two steps is its
own business: variables, branches, documents. The call flow carries the steps out on any engine,
fetches what they ask for, and closes the generator when the call is over.

    def greet(call: CallFacts) -> Program:
        gathered = yield Gather(prompts=(Spoken(text="Press one"),), max_digits=1)
        match gathered:
            case Gathered(digits="1"):
                yield Say(prompts=(Spoken(text="Thank you"),))

An inbound call is answered by the first step that needs it to be: all but `Fetch`, `Ban`,
`NoteAnswer`, `NoteIncident`, `Listen`, `Reject`, `End`, and `Park` where it says so.

When the called party hangs up, `CallerGone` is thrown into the generator at the step it waits for.
A program that lets it pass ends there. One that catches it may go on with steps that need no call
(`Fetch`, `Ban`, `NoteAnswer`, `NoteIncident`); each other step then answers `NotDone` at once. It
has ten seconds for them: the end of the call is written down after that. `RecordMessage`, and
`Dial` if that is asked for, still answer when the caller hangs up, so that a program learns what
came of them; `CallerGone` then comes at the next step that needs the call.

A program is closed when it has run out, when the call is given another script, and when it takes
more than 1,000 steps in ten seconds: then the call is hung up, as it is when the program raises.
What a program does between two steps holds up every other call, so it must be short.

One step's prompts are played without a gap: put into one `Say` what belongs together.

A step that could not be carried out answers `NotDone` with the reason in plain words; programs
decide what that means in their language.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, TypeAlias

from ringcast.domain.conferences import ConferenceRules
from ringcast.domain.ids import AccountId, AttemptId, CallId, ConferenceId, RecordingId, SoundId
from ringcast.domain.numbers import Destination, PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.subscriptions import Follower

__all__ = [
    "UNANSWERED",
    "Ban",
    "CallFacts",
    "CallerGone",
    "Conferred",
    "Detect",
    "DetectUntil",
    "Detected",
    "Dial",
    "DialMode",
    "DialTarget",
    "Dialed",
    "Done",
    "End",
    "Fetch",
    "Fetched",
    "FromRecording",
    "FromUrl",
    "Gather",
    "GatherEnd",
    "Gathered",
    "GreetingEnd",
    "HoldMusic",
    "Interpreter",
    "JoinConference",
    "Listen",
    "NotDone",
    "NoteAnswer",
    "NoteIncident",
    "Park",
    "Program",
    "Prompt",
    "RecordMessage",
    "RecordStep",
    "Recorded",
    "Reject",
    "RejectReason",
    "Say",
    "SendTones",
    "Silence",
    "Spoken",
    "StartProgram",
    "Step",
    "StepResult",
    "StopRecord",
    "Stored",
    "StoredSound",
    "WhoAnswered",
    "WhyParted",
]


class CallerGone(Exception):
    """Thrown into a program when the other side has hung up: control flow, no fault."""


@dataclass(frozen=True, kw_only=True, slots=True)
class CallFacts:
    """What a program may know of its call when it starts."""

    call_id: CallId
    attempt_id: AttemptId
    account_id: AccountId
    to: Destination
    from_number: PhoneNumber | None
    answered_at: datetime | None
    is_inbound: bool = False
    attributes: Mapping[str, str] = field(default_factory=dict)
    """Custom attributes of the recipient."""
    answered_by: WhoAnswered | None = None
    """If it was found out before the program started."""


# What is heard


@dataclass(frozen=True, kw_only=True, slots=True)
class Stored:
    """Imported audio, by content hash (`ports.audio`)."""

    audio: str


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSound:
    """A sound of the account, by its id."""

    sound_id: SoundId


@dataclass(frozen=True, kw_only=True, slots=True)
class FromRecording:
    """A recording of the account that is complete, by its id."""

    recording_id: RecordingId


@dataclass(frozen=True, kw_only=True, slots=True)
class FromUrl:
    """A file fetched when it is wanted."""

    url: str
    cache: bool = True
    """Whether a copy that is still fresh by HTTP's rules will do."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """Text to speak; `voice` as in `ports.speech.Voice.name`, or empty for one of `language`."""

    text: str
    voice: str = ""
    language: str = "en-US"
    gender: str = "female"


@dataclass(frozen=True, kw_only=True, slots=True)
class Silence:
    """Nothing for a while."""

    length: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class HoldMusic:
    """Music for whoever waits, made by the server itself: a style of `audio.music`."""

    style: str = "default"


Prompt: TypeAlias = Stored | StoredSound | FromRecording | FromUrl | Spoken | Silence | HoldMusic


# Steps


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """Play prompts one after the other, `loop` times over; 0 is until the call ends.

    Answers Done; NotDone if a prompt cannot be had (the prompts before it were played).
    """

    prompts: tuple[Prompt, ...]
    loop: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Gather:
    """Collect keys. A key stops the prompts. Answers Gathered.

    A prompt that cannot be had is left out with those after it. Ends at `max_digits`, at a key of
    `finish_on` (not part of the digits), when no first key comes in `first_timeout` after the
    prompts, or no further one in `digit_timeout`.
    """

    prompts: tuple[Prompt, ...] = ()
    max_digits: int | None = None
    finish_on: frozenset[str] = frozenset("#")
    first_timeout: timedelta = timedelta(seconds=5)
    digit_timeout: timedelta = timedelta(seconds=5)
    loop: int = 1
    only: frozenset[str] | None = None
    """The keys that count, None is all: others are as if not pressed."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Wait and do nothing; keys pressed meanwhile are kept for a Gather that comes next.

    An inbound call that was not answered goes on waiting. Answers Done.
    """

    length: timedelta


@dataclass(frozen=True, kw_only=True, slots=True)
class Park:
    """Wait for what requests ask of the call, until it ends; nothing is answered.

    An inbound call that was not answered is answered first, or with `picks_up` false when a request
    says so.
    """

    picks_up: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class SendTones:
    """Send DTMF; `w` pauses half a second, `W` a whole one. Answers Done."""

    digits: str


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordMessage:
    """Record what is said, in the foreground. Answers Recorded.

    Ends after `silence_timeout` without speech, at `max_length`, at a key of `finish_on`, or with
    the call: then it answers Recorded, `ended_by` "hangup", and CallerGone comes at the next step
    that needs the call.
    """

    name: str | None = None
    """What the recording is called on the call."""
    beep: bool = True
    max_length: timedelta = timedelta(hours=1)
    silence_timeout: timedelta | None = timedelta(seconds=5)
    finish_on: frozenset[str] = frozenset("#")
    trim_silence: bool = False
    follower: Follower | None = None
    """Who is told of the recording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordStep:
    """Record the call in the background from here on. Answers Recorded at once, length zero."""

    name: str | None = None
    both_sides: bool = True
    separate_channels: bool = False
    only_sent: bool = False
    """Only what the other side hears."""
    max_length: timedelta = timedelta(hours=1)
    trim_silence: bool = False
    follower: Follower | None = None
    """Who is told of the recording."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StopRecord:
    """End a recording of the background. Answers Recorded."""

    recording_id: RecordingId


class DialMode(StrEnum):
    """How several targets are tried."""

    ALL = "all"
    """All ring at once; who answers first wins, the others are canceled."""
    IN_TURN = "in_turn"


StartProgram: TypeAlias = Callable[[CallFacts], "Program"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DialTarget:
    """Somebody to be connected to."""

    to: Destination
    send_digits: str = ""
    """Sent when they answer, before anything else (an extension)."""
    before: StartProgram | None = None
    """Run on their leg before they are connected (a whisper); if it ends with End, they are not."""
    headers: Mapping[str, str] = field(default_factory=dict)
    sip_user: str | None = None
    sip_password: str | None = None
    reference: str = ""
    """The program's own name for the target, given back in Dialed."""
    call_id: CallId | None = None
    """Under which the call is written down, if it was taken for that before."""
    follower: Follower | None = None
    """Who is told of the progress of their call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """Call others and connect this call to who answers. Answers Dialed when they have parted."""

    targets: tuple[DialTarget, ...]
    mode: DialMode = DialMode.ALL
    from_number: PhoneNumber | None = None
    """None shows this call's own."""
    timeout: timedelta = timedelta(seconds=30)
    time_limit: timedelta = timedelta(hours=4)
    while_ringing: tuple[Prompt, ...] = ()
    """Played over and over until somebody answers; nothing plays the ring-back tone."""
    first_heard_whole: tuple[Prompt, ...] = ()
    """Played once, and to its end, while they are called already."""
    end_on: str = ""
    """The keys with which this side ends the connection and goes on."""
    record: RecordStep | None = None
    """How the connection is recorded; None records nothing."""
    records_ringing: bool = False
    """Whether recording begins with the dialling, and not with the connection."""
    tells_hang_up: bool = False
    """Whether it answers also when this side hangs up, as RecordMessage does."""
    counts_as_transfer: bool = True
    """Whether the campaign's limit of transfers counts it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JoinConference:
    """Let the call be in the conference of a name, made if there is none. Answers Conferred.

    NotDone if it cannot join: the conference is full, or on another server.
    """

    name: str
    rules: ConferenceRules = field(default_factory=ConferenceRules)
    """These, `options` and `followers` hold if the conference is made."""
    options: Mapping[str, str] = field(default_factory=dict)
    followers: tuple[Follower, ...] = ()
    is_muted: bool = False
    coaches: CallId | None = None
    """A member that alone hears this call."""
    starts: bool = True
    """Whether the conference can start when this call is there."""
    ends: bool = False
    """Whether it ends when this call leaves."""
    tone_on_join: bool = False
    tone_on_leave: bool = False
    waiting: tuple[Prompt, ...] = ()
    """Played over and over until the conference starts."""
    end_on: str = ""
    """The keys with which this side leaves and goes on."""
    time_limit: timedelta = timedelta(hours=4)
    member_options: Mapping[str, str] = field(default_factory=dict)


class DetectUntil(StrEnum):
    """When detection has said enough."""

    VERDICT = "verdict"
    GREETING_END = "greeting_end"


@dataclass(frozen=True, kw_only=True, slots=True)
class Detect:
    """Find out who has answered. Answers Detected."""

    until: DetectUntil = DetectUntil.VERDICT
    silence_timeout: timedelta | None = None
    """None is the engine's default, here and below."""
    speech_threshold: timedelta | None = None
    speech_end_threshold: timedelta | None = None
    timeout: timedelta | None = None
    words: int | None = None
    """Who says so many words is a machine: taken as 0.4 seconds of speech each."""
    beside: bool = False
    """Answer Done at once and find out meanwhile: an event of the call tells (AnswerDetected)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """Make an HTTP request. Answers Fetched, or NotDone if there was no answer."""

    url: str
    method: str = "GET"
    parameters: tuple[tuple[str, str], ...] = ()
    """A form in the body of a POST, added to the query of a GET."""
    headers: tuple[tuple[str, str], ...] = ()
    connect_timeout: timedelta = timedelta(seconds=5)
    timeout: timedelta = timedelta(seconds=15)
    max_bytes: int = 65_536


@dataclass(frozen=True, kw_only=True, slots=True)
class Ban:
    """Put a number, None: the other side's, on the account's do-not-call list. Answers Done."""

    source: str
    number: PhoneNumber | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteAnswer:
    """Keep an answer to a question on the attempt; a later one replaces it. Answers Done."""

    question: str
    response: str


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteIncident:
    """Keep what went wrong with the program, for whoever asks later. Answers Done."""

    dialect: str
    """Whose words `details` are in."""
    message: str
    """In plain words."""
    details: Mapping[str, str] = field(default_factory=dict)


class RejectReason(StrEnum):
    """How an inbound call is turned away."""

    REJECTED = "rejected"
    BUSY = "busy"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reject:
    """Turn an inbound call away before it is answered; ends the program."""

    reason: RejectReason = RejectReason.REJECTED


@dataclass(frozen=True, kw_only=True, slots=True)
class End:
    """Hang up; ends the program."""

    reason: str = "the script hung up"


Step: TypeAlias = (
    Say
    | Gather
    | Listen
    | Park
    | SendTones
    | RecordMessage
    | RecordStep
    | StopRecord
    | Dial
    | JoinConference
    | Detect
    | Fetch
    | Ban
    | NoteAnswer
    | NoteIncident
    | Reject
    | End
)

UNANSWERED: Final = (Fetch, Ban, NoteAnswer, NoteIncident, Listen, Reject, End)
"""Steps that an inbound call is not answered for."""


# Results


@dataclass(frozen=True, kw_only=True, slots=True)
class Done:
    """The step was carried out; there is nothing to say of it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class NotDone:
    """The step was not carried out, or not to its end."""

    reason: str


class GatherEnd(StrEnum):
    """What ended the collecting of keys."""

    MAX_DIGITS = "max_digits"
    FINISH_KEY = "finish_key"
    TIMEOUT = "timeout"


@dataclass(frozen=True, kw_only=True, slots=True)
class Gathered:
    """The keys, empty if none came."""

    digits: str
    ended_by: GatherEnd
    finish_key: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """A recording, None if nothing was kept."""

    recording_id: RecordingId | None
    length: timedelta
    ended_by: str
    """A key, "hangup", "silence", "max_length", "stopped" or "running"."""
    url: str = ""
    """Where the account's programs can fetch it; empty for one that runs or was not kept."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialed:
    """What came of the dialling, after the two have parted."""

    outcome: Outcome
    """Of the target that was connected, or of the last one tried."""
    call_id: CallId | None
    connected: timedelta
    reference: str = ""
    sip_status: int | None = None
    recording_id: RecordingId | None = None
    ended_by_key: str | None = None
    caller_gone: bool = False
    """Whether this side has hung up: `outcome` is CANCELED if nobody was connected yet."""


class WhyParted(StrEnum):
    """What ended a call's being in a conference."""

    ENDED = "ended"
    """The conference is over."""
    REMOVED = "removed"
    """It was taken out."""
    KEY = "key"
    TIME_LIMIT = "time_limit"


@dataclass(frozen=True, kw_only=True, slots=True)
class Conferred:
    """The call was in a conference, and has left it."""

    conference_id: ConferenceId
    why: WhyParted
    length: timedelta
    """How long it was there, with its waiting."""
    key: str | None = None


class WhoAnswered(StrEnum):
    """Who or what has answered."""

    HUMAN = "human"
    MACHINE = "machine"
    SCREENING = "screening"
    FAX = "fax"
    UNKNOWN = "unknown"


class GreetingEnd(StrEnum):
    """How a machine's greeting ended."""

    BEEP = "beep"
    SILENCE = "silence"
    OTHER = "other"


@dataclass(frozen=True, kw_only=True, slots=True)
class Detected:
    """Who has answered, and after how long that was known."""

    who: WhoAnswered
    after: timedelta
    greeting_end: GreetingEnd | None = None
    """Only for a machine that was listened to until then."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetched:
    """An HTTP answer, whatever its status."""

    status: int
    content_type: str
    body: bytes
    url: str
    """Where it came from in the end, after redirects."""


StepResult: TypeAlias = (
    Done | NotDone | Gathered | Recorded | Dialed | Conferred | Detected | Fetched
)

Program: TypeAlias = Generator[Step, StepResult, None]

Interpreter: TypeAlias = Callable[[str, Mapping[str, str], CallFacts], Program]
"""Makes a program of a script's source and settings (`domain.instructions.Interpret`).

Raises InvalidInput for a script that cannot be run; it is better to find that out before the call.
"""
