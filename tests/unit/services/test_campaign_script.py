"""What a voice broadcast does, by its setting, by who answers, and by the key that is pressed."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ringcast.domain.campaigns import AnsweringPolicy, Message, Messages
from ringcast.domain.errors import InvalidInput
from ringcast.domain.ids import SoundId
from ringcast.domain.instructions import (
    BanNumber,
    HangUp,
    Instruction,
    Menu,
    Play,
    Script,
    Transfer,
    WhenAnsweredBy,
)
from ringcast.domain.numbers import PhoneNumber
from ringcast.services.campaign_script import (
    KEY_PRESSED,
    Broadcast,
    broadcast_script,
    campaign_script,
    sounds_of,
)

AGENT = PhoneNumber("12135550177")
TRANSFER = Transfer(to=AGENT, audio=("transfer",))
FULL = Broadcast(
    live="live",
    machine="machine",
    transfer="transfer",
    do_not_call="gone",
    transfer_digit="1",
    transfer_number=AGENT,
    do_not_call_digit="9",
)
BAN = BanNumber(source=KEY_PRESSED)


def done(script: Script, answers: str, key: str | None) -> list[Instruction]:
    """Return what is done if a person or a machine answers, who presses a key or none."""

    def follow(instructions: Sequence[Instruction]) -> list[Instruction]:
        steps: list[Instruction] = []
        for one in instructions:
            if isinstance(one, WhenAnsweredBy):
                steps += follow(one.human if answers == "person" else one.machine)
            elif isinstance(one, Menu):
                steps += [Play(audio=one.audio), *follow(one.keys.get(key or "", ()))]
            else:
                steps.append(one)
        return steps

    return follow(script.instructions)


LIVE, MACHINE, GONE = Play(audio=("live",)), Play(audio=("machine",)), Play(audio=("gone",))
KEYS: list[tuple[str | None, list[Instruction]]] = [
    (None, [LIVE]),
    ("1", [LIVE, TRANSFER]),
    ("9", [LIVE, BAN, GONE, HangUp()]),
    ("5", [LIVE]),
]
BOTH = AnsweringPolicy.PEOPLE_AND_MACHINES
TABLE = [
    *(
        (policy, "person", key, steps)
        for policy in (BOTH, AnsweringPolicy.PEOPLE_ONLY, AnsweringPolicy.ANYBODY_AT_ONCE)
        for key, steps in KEYS
    ),
    *((AnsweringPolicy.MACHINES_ONLY, "person", key, []) for key, _ in KEYS),
    *((AnsweringPolicy.PEOPLE_ONLY, "machine", key, []) for key, _ in KEYS),
    *(
        (policy, "machine", key, [MACHINE])
        for policy in (BOTH, AnsweringPolicy.MACHINES_ONLY)
        for key, _ in KEYS
    ),
    (AnsweringPolicy.ANYBODY_AT_ONCE, "machine", None, [LIVE]),
]


@pytest.mark.parametrize(("policy", "answers", "key", "steps"), TABLE)
def test_each_hears_what_the_setting_says_and_keys_do_what_they_are_for(
    policy: AnsweringPolicy, answers: str, key: str | None, steps: list[Instruction]
) -> None:
    assert done(broadcast_script(FULL, policy), answers, key) == steps


@pytest.mark.parametrize("policy", AnsweringPolicy)
def test_who_answers_is_found_out_unless_all_are_spoken_to_at_once(policy: AnsweringPolicy) -> None:
    (first,) = broadcast_script(FULL, policy).instructions
    detects = policy is not AnsweringPolicy.ANYBODY_AT_ONCE
    assert isinstance(first, WhenAnsweredBy) == detects


@pytest.mark.parametrize(
    ("policy", "heard"),
    [(BOTH, [LIVE]), (AnsweringPolicy.MACHINES_ONLY, [LIVE]), (AnsweringPolicy.PEOPLE_ONLY, [])],
)
def test_without_a_sound_of_their_own_machines_hear_the_live_one(
    policy: AnsweringPolicy, heard: list[Instruction]
) -> None:
    assert done(broadcast_script(Broadcast(live="live"), policy), "machine", None) == heard


def test_without_keys_nobody_waits_for_one() -> None:
    at_once = broadcast_script(Broadcast(live="live"), AnsweringPolicy.ANYBODY_AT_ONCE)
    assert at_once.instructions == (LIVE,)


def test_sounds_of_keys_can_be_left_out() -> None:
    said = Broadcast(live="live", transfer_digit="*", transfer_number=AGENT, do_not_call_digit="#")
    script = broadcast_script(said, BOTH)
    assert done(script, "person", "*") == [LIVE, Transfer(to=AGENT)]
    assert done(script, "person", "#") == [LIVE, BAN, HangUp()]


@pytest.mark.parametrize(
    ("policy", "said", "says_something"),
    [
        *((policy, Broadcast(), False) for policy in AnsweringPolicy),
        *(
            (policy, Broadcast(machine="m"), policy is AnsweringPolicy.MACHINES_ONLY)
            for policy in AnsweringPolicy
        ),
    ],
)
def test_a_broadcast_that_has_nothing_for_those_it_speaks_to_is_empty(
    policy: AnsweringPolicy, said: Broadcast, says_something: bool
) -> None:
    assert bool(broadcast_script(said, policy).instructions) is says_something


@pytest.mark.parametrize(
    ("said", "field"),
    [
        (Broadcast(transfer_digit="1"), "transferNumber"),
        (Broadcast(transfer_number=AGENT), "transferDigit"),
        (Broadcast(transfer="t"), "transferDigit"),
        (Broadcast(transfer_digit="12", transfer_number=AGENT), "transferDigit"),
        (Broadcast(transfer_digit="A", transfer_number=AGENT), "transferDigit"),
        (Broadcast(do_not_call="d"), "dncDigit"),
        (Broadcast(do_not_call_digit="x"), "dncDigit"),
        (
            Broadcast(transfer_digit="1", transfer_number=AGENT, do_not_call_digit="1"),
            "dncDigit",
        ),
    ],
)
def test_keys_that_make_no_sense_are_refused(said: Broadcast, field: str) -> None:
    for policy in AnsweringPolicy:
        with pytest.raises(InvalidInput) as refused:
            broadcast_script(said, policy)
        assert refused.value.field == field


def test_the_sounds_of_a_campaign_are_those_its_script_plays() -> None:
    messages = Messages(
        live=Message(sound_id=SoundId(1)),
        machine=Message(sound_id=SoundId(2)),
        transfer=Message(sound_id=SoundId(3)),
        do_not_call=Message(sound_id=SoundId(4)),
        transfer_digit="1",
        transfer_number=AGENT,
        do_not_call_digit="9",
    )
    audio = {SoundId(1): "live", SoundId(2): "machine", SoundId(3): "transfer", SoundId(4): "gone"}
    assert sounds_of(messages) == set(audio)
    assert campaign_script(messages, BOTH, audio) == broadcast_script(FULL, BOTH)
    assert sounds_of(Messages()) == frozenset()
