from __future__ import annotations

from pathlib import Path

import pytest

from ringcast.phones.errors import InvalidPlan
from ringcast.phones.plan import Plan, default_plan, load_plan, parse_plan
from ringcast.phones.steps import Answer, HangUp, Listen, Press, PressBy, Refuse, Ring, Say

PHONE = '[[phone]]\nends_in = "7"\n'


def plan_of(**endings: str) -> Plan:
    text = "".join(
        f'[[phone]]\nends_in = "{ending.removeprefix("n")}"\nname = "{name}"\nsteps = ["ring"]\n'
        for ending, name in endings.items()
    )
    return parse_plan(text, source="test.toml")


@pytest.mark.parametrize(
    "ending",
    [
        *("00", "01", "02", "03", "04", "10", "11", "12", "13", "14", "15", "16"),
        *("20", "21", "22", "23", "24", "25", "26", "27", "28", "29"),
        *("3" + digit for digit in "0123456789"),
        *("50", "51", "52", "60"),
    ],
)
def test_the_default_plan_has_an_entry_of_its_own_for_each_published_ending(ending: str) -> None:
    assert default_plan().find("+1213555" + "01" + ending).ends_in == ending


@pytest.mark.parametrize(
    ("ending", "status"), [("20", 486), ("22", 603), ("23", 404), ("24", 503), ("25", 480)]
)
def test_endings_that_refuse_have_the_published_status(ending: str, status: int) -> None:
    assert default_plan().find(ending).steps[-1] == Refuse(status)


def test_ending_26_never_answers_the_invite() -> None:
    assert default_plan().find("26").is_silent
    assert not default_plan().find("20").is_silent


@pytest.mark.parametrize("digit", "0123456789")
def test_the_d_of_an_ending_becomes_the_digit_pressed(digit: str) -> None:
    assert Press(digit) in default_plan().find("+121355501" + "3" + digit).steps


@pytest.mark.parametrize("number", ["+12135550199", "5", "alice", ""])
def test_other_numbers_reach_a_person(number: str) -> None:
    steps = default_plan().find(number).steps

    assert steps == (Ring(1), Answer(), Say("Hello?"), Listen())


@pytest.mark.parametrize("number", ["+1 (213) 555-0130", "12135550130", "tel:+1-213-555-01-30"])
def test_only_the_digits_of_a_number_count(number: str) -> None:
    assert default_plan().find(number).ends_in == "30"


def test_the_longest_ending_wins() -> None:
    plan = plan_of(n="any", n5="five", n55="fives", n255="long")

    assert plan.find("1255").name == "long"
    assert plan.find("1155").name == "fives"
    assert plan.find("1145").name == "five"
    assert plan.find("1144").name == "any"


def test_a_digit_wins_over_any_digit_of_the_same_length() -> None:
    plan = plan_of(n3d="any digit", n35="five")

    assert plan.find("35").name == "five"
    assert plan.find("36").name == "any digit"


def test_without_a_default_a_number_not_in_the_plan_does_not_exist() -> None:
    assert plan_of(n5="five").find("123").steps == (Refuse(404),)


def test_a_plan_may_extend_the_default_one() -> None:
    text = 'extends = "default"\n' + PHONE.replace("7", "00") + 'steps = ["refuse 486"]'

    plan = parse_plan(text, source="test.toml")

    assert plan.find("100").steps == (Refuse(486),)
    assert plan.find("123").steps == (Refuse(404),)
    assert plan.voice == default_plan().voice


def test_a_phone_may_keep_from_recording() -> None:
    text = PHONE + 'record = false\nsteps = ["ring 1", "answer", "hang_up"]'

    phone = parse_plan(text, source="test.toml").find("7")

    assert not phone.record
    assert phone.name == "7"
    assert phone.steps == (Ring(1), Answer(), HangUp())


def test_each_sound_of_a_plan_is_named_once() -> None:
    text = "".join(
        f'[[phone]]\nends_in = "{ending}"\nsteps = ["answer", "say Hi", "beep", "listen"]\n'
        for ending in "12"
    )

    sounds = parse_plan(text, source="test.toml").sounds()

    assert len(sounds) == 2
    assert sounds[0] == Say("Hi")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("= 1", "plan.toml: is not TOML"),
        ("", "has no [[phone]]"),
        ("phone = 3", "must be written as [[phone]]"),
        ("phone = [3]", "must be written as [[phone]]"),
        ("colour = 1", "'colour' is unknown; there are: extends, phone, voice"),
        ('extends = "mine"\n' + PHONE, "'mine' is unknown"),
        ("voice = 3\n" + PHONE, "name of a voice"),
        ("[[phone]]\nends_in = 7", "phone number 1: needs ends_in, digits as text"),
        ('[[phone]]\nends_in = "7x"', 'phone "7x": ends_in may have digits'),
        ('[[phone]]\nends_in = "dd"', "one d for any digit"),
        (PHONE + "step = []", "phone \"7\": 'step' is unknown; there are: ends_in, name"),
        (PHONE + "name = 3\nsteps = []", 'phone "7", name: must be text'),
        (PHONE + "record = 1\nsteps = []", 'phone "7", record: must be true or false'),
        (PHONE, "needs steps"),
        (PHONE + "steps = [3]", "needs steps"),
        (PHONE + f"steps = {['ring 1'] * 201}", "more than 200 steps"),
        (PHONE + 'steps = ["ring 1", "sing"]', "phone \"7\", step 2: 'sing' is no step"),
        (PHONE + "steps = []", "step 1: is missing: end with listen"),
        (PHONE + 'steps = ["answer", "beep"]', "step 3: is missing: end with listen"),
        (PHONE + 'steps = ["answer", "listen 3"]', "step 2: leaves the call open"),
        (PHONE + 'steps = ["ring", "answer"]', "step 1: nothing can follow it"),
        (PHONE + 'steps = ["answer", "hang_up", "listen"]', "step 2: nothing can follow it"),
        (PHONE + 'steps = ["answer", "refuse 486"]', "step 2: comes after the answer"),
        (PHONE + 'steps = ["hang_up"]', "step 1: needs an answered call"),
        (PHONE + 'steps = ["ring 1", "beep", "ring"]', "step 2: nobody would hear it"),
        (PHONE + 'steps = ["early_media", "early_media", "ring"]', "step 2: sound is early"),
        (PHONE + 'steps = ["answer", "resume", "listen"]', "step 2: the call is not on hold"),
        (PHONE + 'steps = ["answer", "hold", "hold", "listen"]', "step 3: the call is on hold"),
        (PHONE + 'steps = ["answer", "press d", "listen"]', "step 2: d has no meaning here"),
        (PHONE + 'steps = ["ring 1", "ignore"]', "step 2: comes too late for the INVITE"),
        ((PHONE + 'steps = ["ring"]\n') * 2, 'phone "7": is there twice'),
    ],
)
def test_a_wrong_plan_is_refused_by_place_and_remedy(text: str, problem: str) -> None:
    with pytest.raises(InvalidPlan) as caught:
        parse_plan(text, source="plan.toml")

    assert str(caught.value).startswith("plan.toml: ")
    assert problem in str(caught.value)


def test_a_plan_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_text(PHONE + 'steps = ["ring"]', "utf-8")

    assert load_plan(path).find("7").steps == (Ring(),)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidPlan, match="cannot be read"):
        load_plan(tmp_path / "none.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(InvalidPlan, match="not UTF-8"):
        load_plan(path)


def test_a_huge_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plan.toml"
    path.write_bytes(b"#" * 1_000_001)

    with pytest.raises(InvalidPlan, match="larger than"):
        load_plan(path)


def test_digits_are_prepared_as_tones_for_callers_that_take_no_events() -> None:
    text = '[[phone]]\nends_in = "3d"\nsteps = ["answer", "press 1d", "press 5 by info", "listen"]'

    sounds = parse_plan(text, source="test.toml").sounds()

    assert sounds == tuple(Press(f"1{digit}", PressBy.INBAND) for digit in "0123456789")
