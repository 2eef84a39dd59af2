from __future__ import annotations

import pytest

from ringcast.phones.behaviour import INFO_SPACING, Action, Behaviour
from ringcast.phones.plan import default_plan
from ringcast.phones.steps import (
    Answer,
    Early,
    Fax,
    HangUp,
    Hold,
    Ignore,
    Impair,
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
)


def started(*steps: Step) -> Behaviour:
    behaviour = Behaviour(steps)
    behaviour.start(now=0.0)
    return behaviour


def at(behaviour: Behaviour, now: float) -> list[Action]:
    behaviour.handle_timer(now=now)
    return behaviour.actions()


def test_a_phone_rings_for_its_time_and_then_answers() -> None:
    phone = started(Ring(6), Answer(), Listen())

    assert phone.actions() == [Ring(6)]
    assert phone.next_timer() == 6.0
    assert at(phone, 5.99) == []
    assert at(phone, 6.0) == [Answer()]
    assert phone.next_timer() is None


def test_a_phone_that_never_answers_waits_without_a_timer() -> None:
    phone = started(Ring())

    assert phone.actions() == [Ring()]
    assert phone.next_timer() is None
    assert at(phone, 1e9) == []


def test_a_pause_before_the_answer_shows_nothing() -> None:
    phone = started(Pause(2), Refuse(486))

    assert phone.actions() == []
    assert at(phone, 2.0) == [Refuse(486)]


def test_a_phone_that_ignores_the_invite_does_nothing_more() -> None:
    phone = started(Ignore())

    assert phone.actions() == []
    assert phone.next_timer() is None


@pytest.mark.parametrize("sound", [Say("Hi"), Tone(), Ringback(2), Fax(3)])
def test_a_sound_ends_when_it_has_been_played(sound: Say | Tone | Ringback | Fax) -> None:
    phone = started(Answer(), sound, HangUp())

    assert phone.actions() == [Answer(), sound]
    assert at(phone, 100.0) == []
    phone.sound_finished(now=4.0)
    assert phone.actions() == [HangUp()]


def test_early_media_comes_before_the_answer() -> None:
    phone = started(Early(), Ringback(3), Answer(), Listen())

    assert phone.actions() == [Early(), Ringback(3)]
    phone.sound_finished(now=3.0)
    assert phone.actions() == [Answer()]


def test_until_counts_from_the_answer() -> None:
    phone = started(Ring(1), Answer(), Say("Hi"), Until(3), HangUp())
    at(phone, 1.0)

    phone.sound_finished(now=2.2)

    assert phone.next_timer() == 4.0
    assert at(phone, 4.0) == [HangUp()]


def test_until_a_time_that_has_passed_goes_on_at_once() -> None:
    phone = started(Answer(), Say("Hi"), Until(3), HangUp())
    phone.actions()

    phone.sound_finished(now=3.5)

    assert phone.actions() == [HangUp()]


def test_a_key_is_pressed_so_long_after_the_message_began() -> None:
    phone = started(Answer(), Message(2), Press("5"), Listen())
    phone.actions()
    assert phone.next_timer() is None

    phone.message_heard(now=7.0)
    phone.message_heard(now=8.0)

    assert phone.next_timer() == 9.0
    assert at(phone, 9.0) == [Press("5")]


def test_a_message_that_begins_during_the_greeting_counts_from_its_beginning() -> None:
    phone = started(Answer(), Say("Hi"), Message(2), Press("5"), Listen())
    phone.actions()

    phone.message_heard(now=0.5)
    phone.sound_finished(now=1.0)

    assert phone.next_timer() == 2.5


def test_a_message_heard_long_ago_is_not_waited_for() -> None:
    phone = started(Answer(), Say("Hi"), Message(2), Press("5"), Listen())
    phone.actions()

    phone.message_heard(now=0.5)
    phone.sound_finished(now=4.0)

    assert phone.actions() == [Press("5")]


def test_digits_end_when_they_have_left() -> None:
    phone = started(Answer(), Press("12"), HangUp())
    phone.actions()

    phone.sound_finished(now=1.0)
    assert phone.actions() == []
    phone.digits_sent(now=1.0)
    assert phone.actions() == [HangUp()]


def test_digits_as_tones_end_as_a_sound_does() -> None:
    phone = started(Answer(), Press("1", PressBy.INBAND), HangUp())
    assert phone.actions() == [Answer(), Press("1", PressBy.INBAND)]

    phone.sound_finished(now=1.0)

    assert phone.actions() == [HangUp()]


def test_digits_as_info_go_one_by_one() -> None:
    phone = started(Answer(), Press("12", PressBy.INFO), HangUp())

    assert phone.actions() == [Answer(), Press("1", PressBy.INFO)]
    assert at(phone, INFO_SPACING) == [Press("2", PressBy.INFO)]
    assert at(phone, 2 * INFO_SPACING) == [HangUp()]


def test_hold_and_resume_wait_for_their_answers() -> None:
    phone = started(Answer(), Hold(), Pause(2), Resume(), Listen())

    assert phone.actions() == [Answer(), Hold()]
    phone.reinvite_finished(now=1.0)
    assert at(phone, 3.0) == [Resume()]
    phone.reinvite_finished(now=3.1)
    assert phone.next_timer() is None


def test_impairment_takes_no_time() -> None:
    phone = started(Impair(0.05, 40), Answer(), Listen())

    assert phone.actions() == [Impair(0.05, 40), Answer()]


def test_a_call_that_ended_does_nothing_more() -> None:
    phone = started(Ring(6), Answer(), Listen())

    phone.ended()

    assert phone.actions() == []
    assert phone.next_timer() is None
    assert at(phone, 6.0) == []
    phone.sound_finished(now=7.0)
    assert phone.actions() == []


def test_listening_is_ended_by_nothing_that_happens() -> None:
    phone = started(Answer(), Listen())
    phone.actions()

    phone.message_heard(now=1.0)
    phone.sound_finished(now=2.0)
    phone.digits_sent(now=3.0)
    phone.reinvite_finished(now=4.0)

    assert phone.actions() == []
    assert phone.next_timer() is None


@pytest.mark.parametrize("ending", default_plan().phones)
def test_every_phone_of_the_default_plan_comes_to_rest(ending: str) -> None:
    phone = Behaviour(default_plan().find(ending.replace("d", "7")).steps)
    now = 0.0
    phone.start(now=now)
    phone.message_heard(now=now)
    done: list[Action] = []
    for _ in range(50):
        actions = phone.actions()
        done += actions
        if phone.next_timer() is not None:
            now = phone.next_timer() or now
            phone.handle_timer(now=now)
        elif actions:
            phone.sound_finished(now=now)
            phone.digits_sent(now=now)
            phone.reinvite_finished(now=now)

    assert bool(done) != default_plan().phones[ending].is_silent
    assert phone.next_timer() is None
    assert phone.actions() == []
