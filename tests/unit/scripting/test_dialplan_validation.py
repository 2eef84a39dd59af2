"""What is refused when a dialplan is given, with line and tag."""

from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.audio.music import STYLES
from ringcast.ports.speech import VOICES as SPEECH_VOICES
from ringcast.scripting.callfire_dialplan import InvalidDialplan, parse, problems, read
from ringcast.scripting.callfire_dialplan.values import HOLD_MUSIC, VOICES
from tests.unit.scripting.answerer import DATA

MENU = "<play type='tts'>a</play><keypress pressed='1'/>"


@pytest.mark.parametrize("path", sorted(DATA.glob("*.xml")), ids=lambda path: path.stem)
def test_samples_have_no_problems(path: Path) -> None:
    assert problems(read(path.read_text())) == []


@pytest.mark.parametrize(
    ("inside", "tag", "what"),
    [
        ("<say>hello</say>", "say", "there is no such tag"),
        ("<Play type='tts'>a</Play>", "Play", "did you mean play?"),
        ("<sms to='12135550100'>a</sms>", "sms", "sends no text messages"),
        ("<text to='12135550100'>a</text>", "text", "sends no text messages"),
        ("<gtalk>a</gtalk>", "gtalk", "no longer exists"),
        ("<analytics account='a'/>", "analytics", "reports nothing"),
        ("<dialplan><hangup/></dialplan>", "dialplan", "cannot stand inside"),
        # attributes
        ("<play>a</play>", "play", "the attribute type is missing"),
        ("<play type='mp3'>a</play>", "play", "give one of callfireid, tts, url"),
        ("<play type='tts' voice='bob'>a</play>", "play", "voice='bob'"),
        ("<play type='tts' voices='male1'>a</play>", "play", "did you mean voice?"),
        ("<play type='url' cache='no'>http://a/b</play>", "play", "give true or false"),
        ("<hangup type='now'/>", "hangup", "it has no attribute type"),
        ("<hangup name=' '/>", "hangup", "its name is empty"),
        ("<setvar>1</setvar>", "setvar", "the attribute varname is missing"),
        ("<setvar varname='a b'>1</setvar>", "setvar", "the name of a variable"),
        ("<record timeout='soon'/>", "record", "whole number of milliseconds"),
        ("<record background='yes'/>", "record", "give true or false"),
        ("<transfer mode='random'>2135550161</transfer>", "transfer", "ringall, waterfall"),
        ("<transfer musiconhold='polka'>2135550161</transfer>", "transfer", "celtic"),
        ("<transfer timeout='-1'>2135550161</transfer>", "transfer", "give seconds"),
        ("<transfer timeout='99999999'>2135550161</transfer>", "transfer", "at most"),
        ("<transfer calleridalpha='A'>2135550161</transfer>", "transfer", "no attribute"),
        ("<transfer screen='true'>2135550161</transfer>", "transfer", "needs a whisper-tts"),
        ("<transfer callerid='me'>2135550161</transfer>", "transfer", "callerid"),
        # contents
        ("<transfer>213</transfer>", "transfer", "not a telephone number"),
        ("<transfer/>", "transfer", "it is empty"),
        ("<play type='tts'> </play>", "play", "it is empty"),
        ("<play type='callfireid'>welcome</play>", "play", "not the id of a sound"),
        (f"<play type='callfireid'>{2**63}</play>", "play", "too great"),
        ("<play type='url'>welcome.wav</play>", "play", "not an address"),
        ("<play type='tts'>a<hangup/></play>", "play", "no tags are allowed"),
        ("<hangup>now</hangup>", "hangup", "no text is allowed"),
        ("press one", "dialplan", "no text is allowed in it, and there is 'press one'"),
        ("<get>ftp://a/b</get>", "get", "not an address"),
        ("<dtmf>1,2</dtmf>", "dtmf", "cannot be sent"),
        ("<wait>soon</wait>", "wait", "give seconds"),
        ("<dnc>nobody</dnc>", "dnc", "not a telephone number"),
        # structure
        (f"<menu timeout='x'>{MENU}</menu>", "menu", "timeout='x'"),
        (f"<menu maxDigits='0'>{MENU}</menu>", "menu", "1 to 32"),
        ("<menu><play type='tts'>a</play></menu>", "menu", "at least one <keypress>"),
        ("<menu><keypress pressed='1'/></menu>", "menu", "at least one <play>"),
        ("<menu/>", "menu", "at least one <keypress>"),
        (f"<menu>{MENU}<hangup/></menu>", "hangup", "directly inside <menu> can stand"),
        (f"<menu>{MENU}<keypress/></menu>", "keypress", "the attribute pressed is missing"),
        (f"<menu>{MENU}<keypress pressed='one'/></menu>", "keypress", "a range such as 4-6"),
        (f"<menu>{MENU}<keypress pressed='6-4'/></menu>", "keypress", "goes down"),
        (f"<menu>{MENU}<keypress pressed='1'/></menu>", "keypress", "has a branch for '1'"),
        (
            f"<menu>{MENU}<keypress pressed='Timeout'/><keypress pressed='timeout'/></menu>",
            "keypress",
            "has a branch for",
        ),
        ("<keypress pressed='1'/>", "keypress", "directly inside <menu> only"),
        ("<live><hangup/></live>", "live", "directly inside <amd> only"),
        ("<else><hangup/></else>", "else", "directly inside <equal>, <if>, <notEqual> only"),
        ("<amd><live/></amd>", "amd", "exactly one <machine> and has none"),
        ("<amd><live/><live/><machine/></amd>", "amd", "exactly one <live> and has 2"),
        ("<amd><live/><machine/><hangup/></amd>", "hangup", "<live>, <machine> only"),
        ("<if><hangup/></if>", "if", "the attribute expr is missing"),
        ("<if expr='1 =='><hangup/></if>", "if", "is no expression: it ends too early"),
        ("<if expr='eval(1)'><hangup/></if>", "if", "is no expression"),
        ("<if expr='1'><else/><hangup/></if>", "else", "else stands last"),
        ("<if expr='1'><else/><else/></if>", "else", "else stands last"),
        ("<equal var='a'><hangup/></equal>", "equal", "the attribute expr is missing"),
        ("<goto>nowhere</goto>", "goto", "there is no node of the name 'nowhere'"),
        ("<goto>Here</goto><hangup name='here'/>", "goto", "did you mean here?"),
        ("<goto/>", "goto", "it is empty"),
        ("<catch type='hangup' goto='x'><hangup/></catch>", "catch", "of the name 'x'"),
        ("<catch type='hangup'><hangup/></catch>", "catch", "the attribute goto is missing"),
        (
            "<catch type='digit' goto='h'><hangup name='h'/></catch>",
            "catch",
            "the attribute value is missing",
        ),
        (
            "<catch type='digit' value='12' goto='h'><hangup name='h'/></catch>",
            "catch",
            "give one of 0 to 9",
        ),
        (
            "<catch type='hangup' value='1' goto='h'><hangup name='h'/></catch>",
            "catch",
            "for type digit only",
        ),
        ("<hangup name='a'/><hangup name='a'/>", "hangup", "taken already on line 2"),
    ],
)
def test_what_cannot_be_run_is_refused_with_its_line_and_tag(
    inside: str, tag: str, what: str
) -> None:
    with pytest.raises(InvalidDialplan) as refused:
        parse(f"<dialplan name='Root'>\n{inside}\n</dialplan>")

    line = 1 if tag == "dialplan" and "<" not in inside else 2
    assert (line, tag) in [(one.line, one.tag) for one in refused.value.problems]
    assert any(what in one.what for one in refused.value.problems), refused.value.problems
    assert f"line {line}, <{tag}>" in str(refused.value)
    assert refused.value.field == "dialplanXml"


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("", "line 1: this is not XML: Document is empty"),
        ("hello", "not XML"),
        ("<dialplan>\n<play>\n</dialplan>", "line 3: this is not XML"),
        ("<menu/>", "the root of a dialplan is <dialplan>"),
        ("<!DOCTYPE dialplan><dialplan><hangup/></dialplan>", "document type"),
        (
            "<!DOCTYPE d [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>"
            "<dialplan><play type='tts'>&a;</play></dialplan>",
            "document type",
        ),
        ("<dialplan>" + "<if expr='1'>" * 60 + "</if>" * 60 + "</dialplan>", "more than 50 deep"),
        ("<dialplan>" + "<if expr='1'>" * 900 + "</if>" * 900 + "</dialplan>", "not XML"),
        ("<dialplan>" + "<hangup/>" * 5001 + "</dialplan>", "more than 5,000 tags"),
        ("<dialplan>" + " " * 262_144 + "</dialplan>", "262,144 are allowed"),
        ("<dialplan>\n\ud800</dialplan>", "line 2: this is not text"),
        ("<x:dialplan/>", "not XML"),
        ("<dialplan xmlns='a'><hangup/></dialplan>", "the root of a dialplan"),
    ],
)
def test_what_is_no_dialplan_is_refused(source: str, what: str) -> None:
    with pytest.raises(InvalidDialplan, match=what):
        parse(source)


def test_all_problems_are_found_at_once_in_order_of_lines() -> None:
    found = problems(read("<dialplan>\n<goto>a</goto>\n<bogus/>\n<hangup x='1'/>\n</dialplan>"))

    assert [(one.line, one.tag) for one in found] == [(2, "goto"), (3, "bogus"), (4, "hangup")]


def test_a_long_list_of_problems_is_shortened_in_the_sentence() -> None:
    with pytest.raises(InvalidDialplan, match="and 4 more") as refused:
        parse("<dialplan>" + "<bogus/>\n" * 9 + "</dialplan>")

    assert len(refused.value.problems) == 9


@pytest.mark.parametrize(
    ("inside", "what"),
    [
        (
            "<menu maxDigits='1'><play type='tts'>a</play><keypress pressed='12'/></menu>",
            "cannot be pressed",
        ),
        ("<play type='tts'>&lt;vtml_speed value='60'&gt;slow</play>", "only vtml_pause"),
        ("<play type='callfireid' voice='male1'>1</play>", "for type tts only"),
        ("<play type='tts' cache='true'>a</play>", "for type url only"),
    ],
)
def test_what_has_no_effect_is_a_warning_and_runs(inside: str, what: str) -> None:
    source = f"<dialplan>{inside}</dialplan>"

    (problem,) = problems(parse(source))

    assert problem.is_warning
    assert what in problem.what


@pytest.mark.parametrize(
    "inside",
    [
        "<transfer timeout='${t}' mode='${m}' callerid='${c}'>${n}</transfer>",
        "<play type='${t}' voice='${v}'>${x}</play>",
        "<goto>${where}</goto>",
        "<get>${url}</get>",
        "<if expr='${a} =='><hangup/></if>",
        "<record/>",
        "<record name='mine'/>",
        "<transfer whisper-tts='hi' screen='true'>+12135550161, 2135550162x12</transfer>",
    ],
)
def test_variables_and_short_forms_are_allowed(inside: str) -> None:
    assert problems(parse(f"<dialplan>{inside}</dialplan>")) == []


def test_lines_are_counted_from_the_beginning_also_before_the_declaration() -> None:
    source = (
        "\n\n<?xml version='1.0' encoding='ISO-8859-1'?>\n<dialplan>\n<bogus>é</bogus></dialplan>"
    )

    (problem,) = problems(read(source))

    assert problem.line == 5


def test_voices_and_music_are_those_that_there_are() -> None:
    assert set(VOICES.values()) <= set(SPEECH_VOICES)
    assert HOLD_MUSIC - {"ringing", "silence", "newage"} == STYLES
