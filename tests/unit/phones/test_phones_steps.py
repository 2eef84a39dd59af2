from __future__ import annotations

import pytest

from ringcast.phones.steps import (
    WORDS,
    Answer,
    Early,
    Fax,
    HangUp,
    Hold,
    Ignore,
    Impair,
    InvalidStep,
    Listen,
    Message,
    Pause,
    Press,
    PressBy,
    Refuse,
    Resume,
    Ring,
    Ringback,
    Say,
    Step,
    Tone,
    Until,
    parse_step,
)

STEPS: dict[str, Step] = {
    "ring": Ring(),
    "ring 6": Ring(6),
    "early_media": Early(),
    "answer": Answer(),
    "refuse 486": Refuse(486),
    'refuse 603 "Not now"': Refuse(603, "Not now"),
    "ignore": Ignore(),
    "hang_up": HangUp(),
    "pause 0.5": Pause(0.5),
    "until 3": Until(3),
    "message 2": Message(2),
    "listen": Listen(),
    "listen 30": Listen(30),
    'say "Hello?"': Say("Hello?"),
    'say "It\'s me" voice de lasting 2.5': Say("It's me", "de", 2.5),
    'say "Hi" lasting 1 voice es-male-1': Say("Hi", "es-male-1", 1),
    "beep": Tone(1000, 0.4),
    "beep 1": Tone(1000, 1),
    "tone 440 2": Tone(440, 2),
    "ringback 3": Ringback(3),
    "fax 30": Fax(30),
    "press 5": Press("5"),
    "press #": Press("#"),
    "press 12*D by rfc4733": Press("12*D"),
    "press 1 by info": Press("1", PressBy.INFO),
    "press 1 by inband": Press("1", PressBy.INBAND),
    "hold": Hold(),
    "resume": Resume(),
    "impair 5% 40ms": Impair(0.05, 40),
}


@pytest.mark.parametrize(("line", "step"), STEPS.items())
def test_each_line_says_its_step(line: str, step: Step) -> None:
    assert parse_step(line) == step


def test_every_word_of_the_vocabulary_is_tried_here() -> None:
    assert {line.split()[0] for line in STEPS} == set(WORDS)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("", "empty step"),
        ("sing", "'sing' is no step; there are: ring, early_media, answer"),
        ("answer 3", "'3' is too much; write it as: answer"),
        ("ring soon", "'soon' is no number; write it as: ring [SECONDS]"),
        ("ring 1 2", "'2' is too much"),
        ("ring -1", "-1 is outside 0 to 3600"),
        ("ring nan", "nan is outside"),
        ("pause", "number of seconds is missing; write it as: pause SECONDS"),
        ("pause 1e9", "outside 0 to 3600"),
        ("say", "text is missing"),
        ('say " "', "text is missing"),
        ('say "Hello', "close every quotation mark"),
        ("say Hello there", "'there' after the text is neither voice NAME nor lasting N"),
        ('say "Hi" lasting', "neither voice NAME nor lasting N"),
        ("tone 1000", "a frequency and a length"),
        ("tone 9000 1", "9000 is outside 50 to 3700"),
        ("press", "digits"),
        ("press 5x", "'5x' are not 1 to 32 of 0-9 * # A B C D"),
        ("press 5 by hand", "'hand' is none of rfc4733, info, inband"),
        ("press 5 with info", "digits, and if wished how"),
        ("refuse", "status is missing"),
        ("refuse 200", "200 is outside 300 to 699"),
        ("refuse 486.5", "no whole number"),
        ('refuse 486 "a\r\nVia: b"', "cannot be printed"),
        ("impair 5 40", "a share of packets in % and a time in ms"),
        ("impair 101% 40ms", "101 is outside 0 to 100"),
    ],
)
def test_a_wrong_line_says_what_would_be_right(line: str, problem: str) -> None:
    with pytest.raises(InvalidStep) as caught:
        parse_step(line)

    assert problem in str(caught.value)
