"""Each tag as steps, and the ways between them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from ringcast.domain.ids import CallId, RecordingId, SoundId
from ringcast.domain.numbers import PhoneNumber
from ringcast.domain.outcomes import Outcome
from ringcast.domain.programs import (
    Ban,
    CallerGone,
    Detect,
    Detected,
    DetectUntil,
    Dial,
    Dialed,
    DialMode,
    Done,
    End,
    Fetch,
    Fetched,
    FromUrl,
    Gather,
    HoldMusic,
    Listen,
    NotDone,
    NoteAnswer,
    Prompt,
    Recorded,
    RecordMessage,
    RecordStep,
    Say,
    SendTones,
    Silence,
    Spoken,
    Step,
    StepResult,
    StoredSound,
    WhoAnswered,
)
from ringcast.scripting.callfire_dialplan import DialplanFault, InvalidDialplan, Limits, interpreter
from tests.unit.scripting.answerer import DATA, NOON, facts, program, steps

SECOND = timedelta(seconds=1)
OVER = End(reason="the dialplan hung up")
CONNECTED = Dialed(outcome=Outcome.HUMAN, call_id=CallId(3), connected=30 * SECOND, reference="")
NOBODY = Dialed(outcome=Outcome.NO_ANSWER, call_id=None, connected=0 * SECOND)


def told(text: str, voice: str = "en-us-female-1") -> Spoken:
    return Spoken(text=text, voice=voice)


def said(text: str) -> Say:
    return Say(prompts=(told(text),))


def tts(text: str, name: str = "") -> str:
    return f"<play type='tts'{f' name={name!r}' if name else ''}>{text}</play>"


def answer(question: str, response: str) -> NoteAnswer:
    return NoteAnswer(question=question, response=response)


def taken(inside: str, *answers: str | StepResult | CallerGone | None) -> list[Step]:
    return steps(program(f"<dialplan>{inside}</dialplan>"), answers)


def menu(keys: str, *, attributes: str = "") -> str:
    """Return a menu with a branch for each, stashed as `got`; and what is behind it."""
    branches = "".join(
        f"<keypress pressed='{key}'><stash varname='got'>branch {key}</stash></keypress>"
        for key in keys.split()
    )
    return f"<menu {attributes}>{tts('choose')}{branches}</menu><stash varname='behind'>x</stash>"


@pytest.mark.parametrize(
    ("play", "prompts"),
    [
        ("<play type='callfireid'> 42 </play>", (StoredSound(sound_id=SoundId(42)),)),
        ("<play type='url'>http://a/b.wav</play>", (FromUrl(url="http://a/b.wav"),)),
        (
            "<play type='url' cache='false'>http://a/${call.id}</play>",
            (FromUrl(url="http://a/7", cache=False),),
        ),
        ("<play type='tts' voice='MALE1'>\n hi \n</play>", (told("hi", "en-us-male-1"),)),
        ("<play type='tts' voice='femaleSpanish'>hola</play>", (told("hola", "es-female-1"),)),
        (
            "<play type='tts'>a &lt;vtml_pause time=\"500\"/&gt; &lt;vtml_speed value='60'&gt;b"
            "&lt;/vtml_speed&gt;</play>",
            (told("a"), Silence(length=SECOND / 2), told("b")),
        ),
    ],
)
def test_play_is_heard(play: str, prompts: tuple[Prompt, ...]) -> None:
    assert taken(play) == [Say(prompts=prompts)]


@pytest.mark.parametrize(
    "play",
    [
        "<play type='tts'>${nothing}</play>",
        "<play type='url'>${nothing}</play>",
        "<play type='callfireid'>${call.lastinput}</play>",
        "<play type='${nothing}'>a</play>",
    ],
)
def test_play_of_nothing_is_left_out(play: str) -> None:
    assert taken(play + tts("next")) == [said("next")]


@pytest.mark.parametrize(
    ("keys", "typed", "got"),
    [
        ("1 2 default timeout", "2", "2"),
        ("1 2 default timeout", "7", "default"),
        ("1 2 default timeout", "", "timeout"),
        ("1 Default", "", None),
        ("1 Timeout", "5", None),
        ("4-6", "5", "4-6"),
        ("4-6 5", "5", "5"),
        ("4-6", "7", None),
        ("300-315", "315", "300-315"),
        ("300-315", "316", None),
        ("300-315 default", "30#", "default"),
        ("1-10", "007", None),
        ("1000000000-9999999999", "2135550100", "1000000000-9999999999"),
        ("* default", "*", "*"),
        ("# default", "#", "#"),
        ("1 default", "#", "default"),
        ("10 1", "1#", "1"),
    ],
)
def test_menu_takes_the_branch_of_what_was_typed(keys: str, typed: str, got: str | None) -> None:
    gather, *rest = taken(menu(keys), typed)

    assert isinstance(gather, Gather)
    assert gather.prompts == (told("choose"),)
    expected = [] if got is None else [answer("got", f"branch {got}")]
    assert rest == [*expected, answer("behind", "x")]


@pytest.mark.parametrize(
    ("attributes", "keys", "most", "wait"),
    [
        ("", "1 2", 1, 5),
        ("", "1 300-315", 3, 5),
        ("", "default timeout", None, 5),
        ("maxDigits='4'", "1", 4, 5),
        ("timeout='3'", "1", 1, 3),
        ("timeout='3500'", "1", 1, 3.5),
        ("timeout='${nothing}' maxDigits='${nothing}'", "1 22", 2, 5),
    ],
)
def test_menu_says_how_long_and_how_many(
    attributes: str, keys: str, most: int | None, wait: float
) -> None:
    gather, *_ = taken(menu(keys, attributes=attributes))

    assert isinstance(gather, Gather)
    assert gather.max_digits == most
    assert gather.first_timeout == gather.digit_timeout == timedelta(seconds=wait)


def test_goto_a_play_inside_a_menu_repeats_the_menu_from_there() -> None:
    source = (
        f"<menu>{tts('long')}{tts('short', 'again')}"
        "<keypress pressed='1'/><keypress pressed='default'><goto>again</goto></keypress></menu>"
    )

    gathers = taken(source, "5", "5", "1")

    assert [one.prompts for one in gathers if isinstance(one, Gather)] == [
        (told("long"), told("short")),
        (told("short"),),
        (told("short"),),
    ]


def test_what_a_menu_sets_before_a_prompt_is_heard_in_it() -> None:
    source = (
        "<menu><setvar varname='a'>1 + 1</setvar><play type='tts'>${a}</play>"
        "<keypress pressed='1'/></menu><play type='tts'>${call.lastinput} ${call.path}</play>"
    )

    gather, last = taken(source, "1")

    assert isinstance(gather, Gather)
    assert gather.prompts == (told("2"),)
    assert last == said("1 dialplan/play")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("deep", ["deep", "end"]),
        ("other", ["other", "end"]),
        ("key", ["key", "end"]),
        ("machine", ["machine", "end"]),
    ],
)
def test_goto_leads_into_nested_tags_and_goes_on_behind_them(
    start: str, expected: list[str]
) -> None:
    source = (
        f"<goto>{start}</goto>"
        f"<if expr='false'>{tts('x')}<if expr='true'>{tts('deep', 'deep')}</if>"
        f"<else>{tts('other', 'other')}</else></if><goto>end</goto>"
        f"<menu>{tts('menu')}<keypress pressed='1'>{tts('key', 'key')}</keypress></menu>"
        "<goto>end</goto>"
        f"<amd><live>{tts('live')}</live><machine name='machine'>{tts('machine')}</machine></amd>"
        f"{tts('end', 'end')}"
    )

    assert taken(source) == [said(text) for text in expected]


@pytest.mark.parametrize(
    ("who", "branch"),
    [
        (WhoAnswered.HUMAN, "live"),
        (WhoAnswered.UNKNOWN, "live"),
        (WhoAnswered.SCREENING, "live"),
        (WhoAnswered.MACHINE, "machine"),
        (WhoAnswered.FAX, None),
    ],
)
def test_amd_takes_the_branch_of_who_answered(who: WhoAnswered, branch: str | None) -> None:
    source = f"<amd><machine>{tts('machine')}</machine><live>{tts('live')}</live></amd>"

    detect, *rest = taken(source + tts("end"), Detected(who=who, after=SECOND))

    assert detect == Detect(until=DetectUntil.GREETING_END)
    assert rest == [*([said(branch)] if branch else []), said("end")]


def test_amd_of_a_call_that_came_in_is_live_and_asks_nobody() -> None:
    source = f"<dialplan><amd><live>{tts('live')}</live><machine/></amd></dialplan>"

    assert steps(program(source, call=facts(is_inbound=True))) == [said("live")]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        ("if expr='${n} == 3'", True),
        ("if expr='${n} &gt; 3'", False),
        ("if expr='${nothing} == 3'", False),
        ("if expr='&apos;${w}&apos;.toLowerCase() == &apos;yes&apos;'", True),
        ("equal var='n' expr='1 + 2'", True),
        ("equal var='${n}' expr='3.0'", True),
        ("equal var='w' expr='Yes'", True),
        ("equal var='w' expr='yes'", False),
        ("equal var='nothing' expr='nothing'", True),
        ("notEqual var='n' expr='3'", False),
        ("notEqual var='n' expr='4'", True),
        ("equal var='${nothing}' expr=''", True),
        ("equal var='${nothing}' expr='0'", False),
    ],
)
def test_conditions_take_their_branch(condition: str, holds: bool) -> None:
    tag = condition.split()[0]
    source = (
        "<setvar varname='n'>3</setvar><setvar varname='w'>Yes</setvar>"
        f"<{condition}>{tts('then')}<else>{tts('else')}</else></{tag}>{tts('end')}"
    )

    assert taken(source) == [said("then" if holds else "else"), said("end")]


@pytest.mark.parametrize(
    ("value", "result"),
    [
        ("Homer Simpson", "Homer Simpson"),
        ("${n} + 1", "3"),
        ("'${call.callerid}'.substring(1,4);", "213"),
        ("", ""),
        ("${missing}", ""),
    ],
)
def test_stash_and_setvar_evaluate_what_can_be_evaluated(value: str, result: str) -> None:
    source = (
        "<setvar varname='n'>2</setvar>"
        f"<setvar varname='v'>{value}</setvar><stash varname='q${{n}}'>{value}</stash>"
        "<play type='tts'>[${v}][${q2}]</play>"
    )

    assert taken(source) == [answer("q2", result), said(f"[{result}][{result}]")]


def test_get_puts_the_answer_into_the_variable() -> None:
    fetched = Fetched(status=200, content_type="text/plain", body=b" yes \n", url="")
    failed = Fetched(status=404, content_type="text/plain", body=b"no", url="")
    source = "<get varname='a'>http://h/${call.id}</get><play type='tts'>[${a}]</play>"

    assert taken(source, fetched) == [Fetch(url="http://h/7"), said("[yes]")]
    for nothing in (failed, NotDone(reason="down")):
        assert taken(source, nothing)[-1] == said("[]")


def test_post_sends_the_variables_that_were_set() -> None:
    source = "<setvar varname='a'>1</setvar><post>http://h/</post>"

    assert taken(source) == [Fetch(url="http://h/", method="POST", parameters=(("a", "1"),))]


def test_goto_xml_goes_on_in_another_dialplan() -> None:
    other = b"<dialplan><goto>b</goto><hangup/><play type='tts' name='b'>${v}</play></dialplan>"
    fetched = Fetched(status=200, content_type="text/xml", body=other, url="")
    source = f"<setvar varname='v'>kept</setvar><gotoXML>http://h/</gotoXML>{tts('never')}"

    _, *rest = taken(source, fetched)

    assert rest == [said("kept")]


@pytest.mark.parametrize(
    "result",
    [
        NotDone(reason="down"),
        Fetched(status=500, content_type="", body=b"", url=""),
        Fetched(status=200, content_type="", body=b"<dialplan><sms/></dialplan>", url=""),
    ],
)
def test_goto_xml_without_a_dialplan_cannot_go_on(result: StepResult) -> None:
    with pytest.raises(DialplanFault, match="line 1, <gotoXML>"):
        taken("<gotoXML>http://h/</gotoXML>", result)


def test_dnc_bans_the_number() -> None:
    source = "<dnc>${call.phonenumber}</dnc><dnc>(213) 555-0142</dnc><dnc>${nothing}</dnc>"

    assert taken(source) == [
        Ban(source="KeyPressed", number=PhoneNumber("12135550100")),
        Ban(source="KeyPressed", number=PhoneNumber("12135550142")),
    ]


def test_dtmf_wait_and_hangup() -> None:
    source = (
        "<dtmf>1w2#</dtmf><wait>2</wait><wait>1500</wait><wait>${x}</wait><hangup/><wait>9</wait>"
    )

    assert taken(source) == [
        SendTones(digits="1WW2#"),
        Listen(length=2 * SECOND),
        Listen(length=1.5 * SECOND),
        OVER,
    ]


# Recording


def recorded(ended_by: str) -> Recorded:
    return Recorded(
        recording_id=RecordingId(5), length=SECOND, ended_by=ended_by, url="http://h/5.mp3"
    )


@pytest.mark.parametrize(
    ("attributes", "name", "longest"),
    [
        ("", None, 600),
        ("varname='m'", "m", 600),
        ("name='m'", "m", 600),
        ("varname='m' name='n' timeout='30000'", "m", 30),
    ],
)
def test_record_takes_a_message(attributes: str, name: str | None, longest: int) -> None:
    record, *rest = taken(f"<record {attributes}/><play type='tts'>[${{m}}]</play>", recorded("#"))

    assert record == RecordMessage(
        name=name, max_length=longest * SECOND, silence_timeout=None, finish_on=frozenset("#")
    )
    assert rest == [said("[http://h/5.mp3]" if name else "[]")]


def test_record_in_the_background_goes_on_at_once() -> None:
    source = f"<record varname='m' background='true'/>{tts('${m}')}"

    assert taken(source, recorded("running")) == [
        RecordStep(name="m", max_length=4 * 3600 * SECOND),
        said("http://h/5.mp3"),
    ]


def test_record_that_is_not_made_leaves_the_variable_empty() -> None:
    assert taken(f"<record varname='m'/>{tts('[${m}]')}", NotDone(reason="no"))[1] == said("[]")


# Transfers


@pytest.mark.parametrize(
    ("transfer", "result", "ends"),
    [
        ("<transfer>", CONNECTED, True),
        ("<transfer continue-after='true'>", CONNECTED, False),
        ("<transfer>", NOBODY, False),
        ("<transfer>", NotDone(reason="too many transfers"), False),
    ],
)
def test_transfer_goes_on_if_nobody_answered_or_if_it_shall(
    transfer: str, result: StepResult, ends: bool
) -> None:
    _, last = taken(f"{transfer}2135550161</transfer>{tts('next')}", result)

    assert last == (End(reason="the transfer is over") if ends else said("next"))


def test_transfer_says_who_is_called_and_how() -> None:
    source = (
        "<transfer mode='waterfall' timeout='12' callerid='2135550123' musiconhold='jazz'>"
        " +12135550161,\n 2135550162x305, sip:desk@127.0.0.1 </transfer>"
    )

    (dial,) = taken(source, NOBODY)

    assert isinstance(dial, Dial)
    assert dial.mode is DialMode.IN_TURN
    assert [str(one.to) for one in dial.targets] == [
        "+12135550161",
        "+12135550162",
        "sip:desk@127.0.0.1",
    ]
    assert [one.send_digits for one in dial.targets] == ["", "305", ""]
    assert dial.timeout == 12 * SECOND
    assert dial.from_number == PhoneNumber("12135550123")
    assert dial.while_ringing == (HoldMusic(style="jazz"),)
    assert dial.targets[0].before is None


@pytest.mark.parametrize(
    ("music", "heard"),
    [
        ("ringing", ()),
        ("silence", (Silence(length=5 * SECOND),)),
        ("newage", (HoldMusic(style="new_age"),)),
        ("${nothing}", (HoldMusic(style=""),)),
    ],
)
def test_music_on_hold(music: str, heard: tuple[Prompt, ...]) -> None:
    (dial,) = taken(f"<transfer musiconhold='{music}'>2135550161</transfer>", NOBODY)

    assert isinstance(dial, Dial)
    assert dial.mode is DialMode.ALL
    assert dial.while_ringing == heard
    assert dial.from_number is None


def test_transfer_of_a_call_that_came_in_shows_the_caller() -> None:
    source = "<dialplan><transfer>2135550161</transfer></dialplan>"

    dial, *_ = steps(program(source, call=facts(is_inbound=True)), [NOBODY])

    assert isinstance(dial, Dial)
    assert dial.from_number == PhoneNumber("12135550199")


def test_transfer_to_nobody_goes_on() -> None:
    assert taken(f"<transfer>${{nothing}}</transfer>{tts('next')}") == [said("next")]


@pytest.mark.parametrize(
    ("screen", "typed", "is_connected"),
    [("false", None, True), ("true", "1", True), ("true", "#", True), ("true", "", False)],
)
def test_whisper_is_heard_and_accepted_with_a_key(
    screen: str, typed: str | None, is_connected: bool
) -> None:
    source = f"<transfer whisper-tts='for ${{call.id}}' screen='{screen}'>2135550161</transfer>"
    (dial,) = taken(source, NOBODY)
    assert isinstance(dial, Dial)
    assert dial.targets[0].before is not None

    first, *rest = steps(dial.targets[0].before(facts()), [typed])

    assert isinstance(first, Say | Gather)
    assert first.prompts == (told("for 7"),)
    assert isinstance(first, Gather) is (screen == "true")
    assert (rest == []) is is_connected


# Catch


def test_hangup_that_is_caught_goes_on_without_what_is_heard() -> None:
    source = (
        f"<catch type='hangup' goto='gone'>{tts('hello')}{tts('never')}</catch><hangup/>"
        f"<stash varname='a' name='gone'>1</stash>{tts('not heard')}<record/><wait>1</wait>"
        "<transfer>2135550161</transfer><dtmf>1</dtmf><amd><live/><machine/></amd>"
        f"{menu('1')}<setvar varname='b'>2</setvar><get>http://h/${{b}}</get><hangup/>"
    )

    assert taken(source, CallerGone()) == [
        said("hello"),
        answer("a", "1"),
        answer("behind", "x"),
        Fetch(url="http://h/2"),
        OVER,
    ]


def test_hangup_that_is_not_caught_ends_the_program() -> None:
    source = f"{tts('hello')}<stash varname='a'>1</stash>"

    assert taken(source, CallerGone()) == [said("hello")]


def test_hangup_in_a_record_is_caught_with_its_recording() -> None:
    source = (
        "<catch type='hangup' goto='gone'><record varname='m'/><stash varname='a'>1</stash></catch>"
        "<stash varname='left' name='gone'>${m}</stash>"
    )

    assert taken(source, recorded("hangup"))[1:] == [answer("left", "http://h/5.mp3")]


def test_innermost_catch_wins() -> None:
    source = (
        "<catch type='hangup' goto='outer'><catch type='hangup' goto='inner'>"
        f"{tts('x')}</catch></catch><hangup/>"
        "<stash varname='a' name='outer'>outer</stash><hangup/>"
        "<stash varname='a' name='inner'>inner</stash>"
    )

    assert taken(source, CallerGone())[1:] == [answer("a", "inner")]


CAUGHT = (
    "<catch type='digit' value='0' goto='zero'>{}</catch><hangup/>"
    "<play type='tts' name='zero'>zero ${{call.lastinput}}</play>"
)


@pytest.mark.parametrize(
    ("inside", "result"),
    [
        (tts("long"), "0"),
        ("<wait>9</wait>", "0"),
        (menu("1"), "0"),
        (menu("1 default", attributes="maxDigits='4'"), "120"),
        ("<record/>", recorded("0")),
        (
            "<transfer continue-after='true'>2135550161</transfer>",
            Dialed(outcome=Outcome.HUMAN, call_id=CallId(3), connected=SECOND, ended_by_key="0"),
        ),
    ],
)
def test_key_that_is_caught_leads_away_at_once(inside: str, result: str | StepResult) -> None:
    first, last = taken(CAUGHT.format(inside), result)

    assert last == said("zero 0")
    match first:
        case Gather():
            assert first.only == frozenset("0") or "0" in first.finish_on
        case RecordMessage():
            assert first.finish_on == frozenset("#0")
        case Dial():
            assert first.end_on == "0"


def test_other_keys_do_not_interrupt() -> None:
    first, last = taken(CAUGHT.format(tts("long")), "5")

    assert isinstance(first, Gather)
    assert first.only == frozenset("0")
    assert first.first_timeout == timedelta()
    assert last == OVER


# Limits


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("<setvar varname='a' name='b'>1</setvar><goto>b</goto>", "round in circles"),
        (
            "<setvar varname='a' name='b'>${a}xxxxxxxxxx${a}</setvar><goto>b</goto>",
            "grew beyond",
        ),
        ("<goto>${nothing}</goto>", "no node of the name"),
        ("<catch type='digit' value='1' goto='${x}'><wait>1</wait></catch>", "no node"),
        (
            "<wait name='b'>1</wait><stash varname='a'>1</stash><goto>b</goto>",
            "more than 500 answers",
        ),
        ("<get varname='${n}'>http://h/</get>", "not the name of a variable"),
    ],
)
def test_what_cannot_go_on_says_its_line(source: str, what: str) -> None:
    with pytest.raises(DialplanFault, match=what) as fault:
        steps(program(f"<dialplan>\n{source}</dialplan>"), ["1"] if "digit" in source else [])

    assert fault.value.line == 2


def test_a_menu_that_nobody_leaves_ends_at_the_limit() -> None:
    source = f"<dialplan><menu name='m'>{tts('a')}<keypress pressed='timeout'><goto>m</goto>"
    source += "</keypress></menu></dialplan>"

    with pytest.raises(DialplanFault, match="more than 100 tags"):
        steps(program(source, limits=Limits(tags=100)))


# Whole dialplans


def sample(name: str) -> str:
    return (DATA / f"{name}.xml").read_text()


def test_clinic_asks_again_and_gives_up() -> None:
    human = Detected(who=WhoAnswered.HUMAN, after=SECOND)
    call = facts(firstName="Ada", day="Monday")

    taken = steps(program(sample("clinic"), call=call), [human, "", "5", ""])

    gathers = [step for step in taken if isinstance(step, Gather)]
    assert len(gathers) == 3
    (prompt,) = gathers[0].prompts
    assert isinstance(prompt, Spoken)
    assert prompt.text.startswith("Good day Ada. Your appointment is on Monday.")
    assert taken[-2:] == [answer("appointment", "no answer"), OVER]


def test_clinic_transfers_and_comes_back() -> None:
    human = Detected(who=WhoAnswered.HUMAN, after=SECOND)

    taken = steps(program(sample("clinic")), [human, "2", None, CONNECTED])

    assert isinstance(taken[3], Dial)
    assert taken[4:] == [said("Thank you.")]


def test_voicemail_of_a_caller_who_hangs_up_is_reported() -> None:
    taken = steps(program(sample("voicemail")), ["", recorded("hangup")])

    assert taken[2:] == [
        answer("left", "1213"),
        Fetch(url="http://127.0.0.1/left?message=http://h/5.mp3"),
    ]


def test_zip_code_is_read_back_digit_by_digit() -> None:
    taken = steps(program(sample("zip")), ["123#", "90210"])

    assert taken[2:] == [
        said("9 0 2 1 0 is in the south"),
        Listen(length=2 * SECOND),
        answer("q_2", "far"),
    ]


def test_interpreter_refuses_before_the_call_and_knows_its_settings() -> None:
    interpret = interpreter(now=lambda: NOON)
    with pytest.raises(InvalidDialplan):
        interpret("<dialplan><bogus/></dialplan>", {}, facts())

    running = interpret(f"<dialplan>{tts('${greeting}')}</dialplan>", {"greeting": "hi"}, facts())

    assert next(running) == said("hi")
    with pytest.raises(StopIteration):
        running.send(Done())
