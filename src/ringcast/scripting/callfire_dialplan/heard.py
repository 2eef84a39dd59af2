"""The tags that are heard: play, menu, record, transfer, amd, dtmf, wait."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from ringcast.domain.errors import RingcastError
from ringcast.domain.ids import SoundId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.programs import (
    CallerGone,
    CallFacts,
    Detect,
    Detected,
    DetectUntil,
    Dial,
    Dialed,
    DialMode,
    DialTarget,
    End,
    FromUrl,
    Gather,
    Gathered,
    HoldMusic,
    Listen,
    Program,
    Prompt,
    Recorded,
    RecordMessage,
    RecordStep,
    Say,
    SendTones,
    Silence,
    Spoken,
    StartProgram,
    StoredSound,
    WhoAnswered,
)
from ringcast.scripting.callfire_dialplan.context import Context, Walk
from ringcast.scripting.callfire_dialplan.document import Node
from ringcast.scripting.callfire_dialplan.silent import SILENT_WORK
from ringcast.scripting.callfire_dialplan.values import (
    VOICES,
    BadValue,
    Keys,
    Otherwise,
    duration,
    milliseconds,
    pressed,
    targets,
    truth,
)
from ringcast.scripting.callfire_dialplan.walk import after, first_of

__all__ = ["HEARD_WORK", "menu"]

_MENU_WAIT: Final = timedelta(seconds=5)
_RING: Final = timedelta(seconds=30)
_LONGEST_MESSAGE: Final = timedelta(minutes=10)
_LONGEST_RECORDING: Final = timedelta(hours=4)
_ACCEPT: Final = timedelta(seconds=10)
_SPEECH: Final = "female1"
_VTML = re.compile(r"<\s*(/?)\s*(vtml_[a-z]+)([^<>]*)>", re.IGNORECASE)
_PAUSE = re.compile(r"time\s*=\s*[\"']?([0-9]{1,5})")


def play(context: Context, node: Node) -> Walk:
    """Play a sound, a file or a text."""
    prompts = _prompts(context, node)
    if prompts:
        yield from context.hear(prompts)
    return after(node)


def menu(context: Context, node: Node, *, begin: int = 0) -> Walk:
    """Play the prompts of a menu from a place on, collect keys, and take the branch."""
    prompts: list[Prompt] = []
    for child in node.children[begin:]:
        if child.tag == "play":
            prompts += _prompts(context, child)
        elif child.tag in SILENT_WORK:
            yield from SILENT_WORK[child.tag](context, child)
    if context.gone:
        return after(node)
    branches = [
        (branch, child)
        for child in node.children
        if child.tag == "keypress"
        and (branch := context.attribute(child, "pressed", pressed, None)) is not None
    ]
    wait = context.attribute(node, "timeout", duration, _MENU_WAIT)
    longest = max((len(one.high) for one, _ in branches if isinstance(one, Keys)), default=None)
    result = yield from context.take(
        Gather(
            prompts=tuple(prompts),
            max_digits=context.attribute(node, "maxDigits", _whole, longest),
            finish_on=frozenset("#") | frozenset(context.catches),
            first_timeout=wait,
            digit_timeout=wait,
        )
    )
    if not isinstance(result, Gathered):
        return after(node)
    context.jump_for(result.finish_key)
    typed = result.digits or result.finish_key or ""
    context.variables.last_input = typed
    for branch, child in branches:
        if isinstance(branch, Keys) and branch.low == branch.high == typed:
            return child
    for branch, child in branches:
        if isinstance(branch, Keys) and branch.match(typed):
            return child
    for branch, child in branches:
        if isinstance(branch, Otherwise) and branch.is_timeout is not bool(typed):
            return child
    return after(node)


def record(context: Context, node: Node) -> Walk:
    """Record the caller until # or hang-up, or the call from here on."""
    name = node.attributes.get("varname") or node.name or None
    if name is not None:
        name = context.variables.substitute(name)
    if context.attribute(node, "background", truth, False):
        longest = context.attribute(node, "timeout", milliseconds, _LONGEST_RECORDING)
        result = yield RecordStep(name=name, max_length=longest)
    else:
        result = yield from context.take(
            RecordMessage(
                name=name,
                max_length=context.attribute(node, "timeout", milliseconds, _LONGEST_MESSAGE),
                silence_timeout=None,
                finish_on=frozenset("#") | frozenset(context.catches),
            )
        )
    if not isinstance(result, Recorded):
        return after(node)
    if name is not None and result.recording_id is not None:
        path = f"/v2/calls/recordings/{result.recording_id}.mp3"
        context.variables.set(name, result.url or path)
    if result.ended_by == "hangup":
        raise CallerGone
    context.jump_for(result.ended_by)
    return after(node)


def transfer(context: Context, node: Node) -> Walk:
    """Connect the caller with one of some others."""
    try:
        called = targets(context.text(node))
    except BadValue as error:
        context.note("a transfer has nobody to call", str(error))
        return after(node)
    whisper = context.variables.substitute(node.attributes.get("whisper-tts", "")).strip()
    must_accept = context.attribute(node, "screen", truth, False)
    before = _whisper(whisper, must_accept=must_accept) if whisper else None
    music = context.attribute(node, "musiconhold", str.strip, "ringing")
    result = yield from context.take(
        Dial(
            targets=tuple(
                DialTarget(to=one.to, send_digits=one.digits, before=before) for one in called
            ),
            mode=DialMode.IN_TURN
            if context.attribute(node, "mode", str.strip, "ringall") == "waterfall"
            else DialMode.ALL,
            from_number=_caller_id(context, node),
            timeout=context.attribute(node, "timeout", duration, _RING),
            while_ringing=_while_ringing(music),
            end_on="".join(sorted(context.catches)),
        )
    )
    if isinstance(result, Dialed) and result.connected:
        context.jump_for(result.ended_by_key)
        if not context.attribute(node, "continue-after", truth, False):
            yield End(reason="the transfer is over")
            return None
    return after(node)


def amd(context: Context, node: Node) -> Walk:
    """Find out who has answered and take the branch; a fax is spared both."""
    who = WhoAnswered.HUMAN
    if not context.call.is_inbound and context.call.answered_by is not WhoAnswered.HUMAN:
        result = yield from context.take(Detect(until=DetectUntil.GREETING_END))
        if isinstance(result, Detected):
            who = result.who
    if who is WhoAnswered.FAX:
        return after(node)
    branch = node.first("machine" if who is WhoAnswered.MACHINE else "live")
    return after(node) if branch is None else first_of(branch)


def dtmf(context: Context, node: Node) -> Walk:
    """Send keys; w pauses for two seconds."""
    digits = "".join(context.text(node).split()).replace("W", "w").replace("w", "WW")
    if digits:
        yield from context.take(SendTones(digits=digits))
    return after(node)


def wait(context: Context, node: Node) -> Walk:
    """Wait, in silence."""
    try:
        length = duration(context.text(node))
    except BadValue as error:
        context.note("a wait was left out", str(error))
        return after(node)
    if context.catches:
        yield from context.hear((Silence(length=length),))
    else:
        yield from context.take(Listen(length=length))
    return after(node)


HEARD_WORK: Final = {
    "play": play,
    "menu": menu,
    "record": record,
    "transfer": transfer,
    "amd": amd,
    "dtmf": dtmf,
    "wait": wait,
}


def _prompts(context: Context, node: Node) -> tuple[Prompt, ...]:
    """Return what a play has to be heard; nothing if its variables leave nothing."""
    text = context.text(node)
    match context.variables.substitute(node.attributes["type"]).strip():
        case "callfireid":
            if text.isascii() and text.isdigit() and int(text[:20]) < 2**63:
                return (StoredSound(sound_id=SoundId(int(text))),)
            context.note("a sound was left out", f"{text[:40]!r} is not the id of a sound")
            return ()
        case "url" if text:
            return (FromUrl(url=text, cache=context.attribute(node, "cache", truth, True)),)
        case "tts":
            voice = context.variables.substitute(node.attributes.get("voice", _SPEECH))
            return _spoken(text, VOICES.get(voice.strip().lower(), VOICES[_SPEECH]))
    return ()


def _spoken(text: str, voice: str) -> tuple[Prompt, ...]:
    """Return a text to be spoken; of VTML markup pauses are heard, the rest is left out."""
    prompts: list[Prompt] = []
    words = ""
    at = 0
    for mark in _VTML.finditer(text):
        words += text[at : mark.start()]
        at = mark.end()
        length = _PAUSE.search(mark[3])
        if mark[2].lower() == "vtml_pause" and length is not None:
            if words.strip():
                prompts.append(Spoken(text=words.strip(), voice=voice))
            words = ""
            prompts.append(Silence(length=timedelta(milliseconds=int(length[1]))))
    words += text[at:]
    if words.strip():
        prompts.append(Spoken(text=words.strip(), voice=voice))
    return tuple(prompts)


def _whisper(text: str, *, must_accept: bool) -> StartProgram:
    """Return what the called party hears before they are connected."""
    spoken = Spoken(text=text, voice=VOICES[_SPEECH])

    def start(call: CallFacts) -> Program:
        if not must_accept:
            yield Say(prompts=(spoken,))
            return
        answer = yield Gather(prompts=(spoken,), max_digits=1, first_timeout=_ACCEPT)
        if not (isinstance(answer, Gathered) and (answer.digits or answer.finish_key)):
            yield End(reason="the call was not accepted with a key")

    return start


def _while_ringing(music: str) -> tuple[Prompt, ...]:
    if music == "ringing":
        return ()
    if music == "silence":
        return (Silence(length=timedelta(seconds=5)),)
    return (HoldMusic(style="new_age" if music == "newage" else music),)


def _caller_id(context: Context, node: Node) -> PhoneNumber | None:
    """Return whom the called party sees, None for this call's own number."""
    text = context.variables.substitute(node.attributes.get("callerid", "")).strip()
    if not text:
        return context.call.from_number if context.call.is_inbound else None
    try:
        return PhoneNumber.parse(text)
    except RingcastError as error:
        context.note("a caller id was left out", str(error))
        return None


def _whole(text: str) -> int | None:
    if text.strip().isascii() and text.strip().isdigit() and 1 <= int(text.strip()[:4]) <= 32:
        return int(text)
    raise BadValue("give a whole number from 1 to 32")
