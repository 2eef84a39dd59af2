"""CallFire's parameters and bodies."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from ringcast.apis.callfire_v2.requests import (
    CallDefaults,
    CallRecipient,
    Query,
    TextToSpeech,
    check_parameters,
    decode,
    recipients,
)
from ringcast.apis.callfire_v2.statuses import VOICE
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import Interpret, Script
from ringcast.domain.numbers import PhoneNumber
from ringcast.ports.store import Page
from ringcast.services.calls import Message, Recipient, SayText, VoiceMessage
from ringcast.web.errors import BadRequest

NONE = CallDefaults(live=None, machine=None, voice=None)


def query(**values: str | list[str]) -> Query:
    pairs = []
    for name, value in values.items():
        pairs += [(name, one) for one in ([value] if isinstance(value, str) else value)]
    return Query(pairs)


def read(body: str, defaults: CallDefaults = NONE) -> list[Recipient]:
    return recipients(decode(body.encode(), list[CallRecipient]), defaults)


@pytest.mark.parametrize("text", ["true", "True", "1", "TRUE"])
def test_clients_write_true_in_many_ways(text: str) -> None:
    assert query(a=text).boolean("a")


@pytest.mark.parametrize("text", ["false", "False", "0"])
def test_and_false(text: str) -> None:
    assert not query(a=text).boolean("a", default=True)


def test_an_empty_parameter_is_absent() -> None:
    given = query(a="", b=" ", c="x")
    assert given.names == {"c"}
    assert given.text("a") is None
    assert given.boolean("b", default=True)
    assert given.integer("a") is None
    assert given.words("a") is None
    assert given.time("a") is None
    assert given.number("a") is None


def test_lists_repeat_the_name_or_use_commas() -> None:
    assert query(id=["1", "2,3", " 4 "]).integers("id") == [1, 2, 3, 4]
    assert query(states="READY, FINISHED,").words("states") == ["READY", "FINISHED"]


def test_times_are_milliseconds() -> None:
    assert query(t="1443373382123").time("t") == datetime(2015, 9, 27, 17, 3, 2, 123000, tzinfo=UTC)


def test_numbers_are_read_as_clients_write_them() -> None:
    assert query(n="2135550100").number("n") == PhoneNumber("12135550100")


def test_pages_have_defaults() -> None:
    assert query().page() == Page(limit=100, offset=0)
    assert query(limit="1000", offset="5").page() == Page(limit=1000, offset=5)


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("limit", "0", Query.page),
        ("limit", "1001", Query.page),
        ("limit", "ten", Query.page),
        ("offset", "-1", Query.page),
        ("a", "maybe", lambda q: q.boolean("a")),
        ("a", "1.5", lambda q: q.integer("a")),
        ("a", "9" * 5000, lambda q: q.integer("a")),
        ("a", "٣", lambda q: q.integer("a")),
        ("a", str(2**63), lambda q: q.integers("a")),
        ("a", "1,x", lambda q: q.integers("a")),
        ("a", "1," * 1001, lambda q: q.integers("a")),
        ("a", "999999999999999", lambda q: q.time("a")),
        ("a", "911", lambda q: q.number("a")),
        ("a", ["x", "y"], lambda q: q.text("a")),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str | list[str], read: object) -> None:
    assert callable(read)
    with pytest.raises(InvalidInput) as refused:
        read(query(**{name: value}))
    assert refused.value.field == name
    assert len(str(refused.value)) < 6000


def test_parameters_without_effect_are_refused_by_name() -> None:
    allowed = {"takes": frozenset({"a"}), "refuses": {"b": "is not available"}}
    check_parameters(query(a="1"), takes=frozenset({"a"}), refuses={})
    check_parameters(query(c=""), takes=frozenset(), refuses={})
    with pytest.raises(InvalidInput, match="b is not available"):
        check_parameters(query(a="1", b="2"), **allowed)  # type: ignore[arg-type]  # of both kinds
    with pytest.raises(InvalidInput, match="no parameter 'z'"):
        check_parameters(query(z="1"), **allowed)  # type: ignore[arg-type]  # of both kinds


def test_a_recipient_is_read_with_what_it_has() -> None:
    (one,) = read(
        '[{"phoneNumber":"12135550142","fromNumber":"12135550100","liveMessage":"Hi",'
        '"voice":"SPANISH1","attributes":{"a":"b"},"machineMessage":null,"transferDigit":""}]'
    )
    assert one == Recipient(
        to="12135550142",
        from_number="12135550100",
        message=SayText(text="Hi", voice=VOICE["SPANISH1"]),
        attributes={"a": "b"},
    )


def test_numbers_and_ids_come_as_strings_or_numbers() -> None:
    (one,) = read('[{"phoneNumber":12135550142,"liveMessageSoundId":"63"}]')
    assert (one.to, one.message) == ("12135550142", SoundId(63))


SAID = SayText(text="Default", voice=VOICE["MALE1"])
TEXT = CallDefaults(live=SAID, machine=None, voice="MALE1")
SOUND = CallDefaults(live=SoundId(5), machine=None, voice=None)
BOTH = CallDefaults(live=SAID, machine=SoundId(7), voice="MALE1")
PLACE = ',"transferDigit":1,"transferNumber":12135550177'
PUT_THROUGH = VoiceMessage(
    live=SAID, transfer_digit="1", transfer_number=PhoneNumber("12135550177")
)


@pytest.mark.parametrize(
    ("own", "defaults", "message"),
    [
        ("", NONE, None),
        ("", TEXT, SayText(text="Default", voice=VOICE["MALE1"])),
        (',"voice":"FEMALE2"', TEXT, SayText(text="Default", voice=VOICE["FEMALE2"])),
        (',"liveMessage":"Own"', TEXT, SayText(text="Own", voice=VOICE["MALE1"])),
        (',"liveMessage":"Own"', SOUND, SayText(text="Own", voice=VOICE["FEMALE1"])),
        (',"liveMessage":""', SOUND, SoundId(5)),
        (',"liveMessageSoundId":6', TEXT, SoundId(6)),
        (',"liveMessageSoundId":0', SOUND, SoundId(0)),
        ("", BOTH, VoiceMessage(live=SAID, machine=SoundId(7))),
        (',"liveMessageSoundId":6', BOTH, VoiceMessage(live=SoundId(6), machine=SoundId(7))),
        (
            ',"machineMessage":"Beep","voice":"FEMALE2"',
            SOUND,
            VoiceMessage(live=SoundId(5), machine=SayText(text="Beep", voice=VOICE["FEMALE2"])),
        ),
        (
            ',"machineMessageSoundId":8,"machineMessage":""',
            BOTH,
            VoiceMessage(live=SAID, machine=SoundId(8)),
        ),
        (PLACE, TEXT, PUT_THROUGH),
        (
            PLACE + ',"transferMessage":"Wait"',
            TEXT,
            replace(PUT_THROUGH, transfer=SayText(text="Wait", voice=VOICE["MALE1"])),
        ),
        (
            PLACE + ',"transferMessageSoundId":9',
            TEXT,
            replace(PUT_THROUGH, transfer=SoundId(9)),
        ),
    ],
)
def test_a_recipients_own_words_come_before_the_requests(
    own: str, defaults: CallDefaults, message: Message | None
) -> None:
    (one,) = read(f'[{{"phoneNumber":"12135550142"{own}}}]', defaults)
    assert one.message == message


@pytest.mark.parametrize(
    ("members", "why"),
    [
        ('"dialplanXml":"x"', "recipient 1: the dialplan cannot be run: line 1: this is not XML"),
        (
            '"dialplanXml":"<dialplan>\\n<sms/></dialplan>"',
            "recipient 1: the dialplan cannot be run: line 2, <sms>",
        ),
        (
            '"dialplanXml":"<dialplan><hangup/></dialplan>","liveMessage":"Hi"',
            "recipient 1: give dialplanXml or liveMessage",
        ),
    ],
)
def test_dialplans_that_cannot_be_run_are_refused(members: str, why: str) -> None:
    body = f'[{{"phoneNumber":"1"}},{{"phoneNumber":"12135550142",{members}}}]'
    with pytest.raises(InvalidInput, match=why) as refused:
        read(body)
    assert refused.value.field == "dialplanXml"


def test_dialplan_is_what_the_recipient_hears_also_beside_defaults() -> None:
    source = "<dialplan><hangup/></dialplan>"
    body = f'[{{"phoneNumber":"12135550142","dialplanXml":"{source}"}}]'

    (one,) = read(body)

    program = Interpret(language="callfire-dialplan", source=source)
    assert one.message == Script(instructions=(program,))


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ('[{"phoneNumber":"1","liveMesage":"x"}]', "liveMesage"),
        ('[{"phoneNumber":"1","attributes":{"a":[]}}]', r"\$\[0\].attributes"),
        ('[{"phoneNumber":{}}]', r"\$\[0\].phoneNumber"),
        ('{"phoneNumber":"1"}', "array"),
        ("[", "not JSON"),
        ("", "not JSON"),
        ('["\xff"]', "does not fit"),
        ("[" * 100_000, "does not fit|not JSON"),
        ('[{"dialplanXml":' + "[" * 100_000, "dialplanXml"),
    ],
)
def test_a_body_that_does_not_fit_says_where(body: str, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        read(body)


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(BadRequest):
        decode(b'{"message":"\xff"}', TextToSpeech)


@pytest.mark.parametrize(
    "recipient",
    [
        "{}",
        '{"phoneNumber":""}',
        '{"phoneNumber":"12135550142","voice":"ALTO"}',
        '{"phoneNumber":"12135550142","liveMessage":"x","liveMessageSoundId":1}',
        '{"phoneNumber":"12135550142","liveMessageSoundId":-1}',
        '{"phoneNumber":"12135550142","machineMessage":"x"}',
        '{"phoneNumber":"12135550142","transferNumber":"12135550177","transferDigit":"1"}',
        '{"phoneNumber":"12135550142","liveMessage":"x","transferNumber":"911"}',
        '{"phoneNumber":"12135550142","liveMessage":"x","machineMessage":"x",'
        '"machineMessageSoundId":1}',
        '{"phoneNumber":"12135550142","liveMessage":"x","transferMessageSoundId":-1}',
        '{"phoneNumber":"12135550142","liveMessageSoundId":9223372036854775808}',
    ],
)
def test_a_recipient_that_cannot_be_is_refused(recipient: str) -> None:
    with pytest.raises(InvalidInput):
        read(f"[{recipient}]")


def test_defaults_are_read_from_the_query() -> None:
    assert CallDefaults.of(query(defaultLiveMessage="Default", defaultVoice="MALE1")) == TEXT
    assert CallDefaults.of(query(defaultLiveMessageSoundId="5")) == SOUND
    both = query(
        defaultLiveMessage="Default", defaultMachineMessageSoundId="7", defaultVoice="MALE1"
    )
    assert CallDefaults.of(both) == BOTH
    for bad in (
        query(defaultVoice="ALTO"),
        query(defaultLiveMessage="x", defaultLiveMessageSoundId="5"),
        query(defaultMachineMessage="x", defaultMachineMessageSoundId="5"),
    ):
        with pytest.raises(InvalidInput):
            CallDefaults.of(bad)
