"""Variables: built in, of the contact, set, nested, and their limits."""

from __future__ import annotations

import pytest

from ringcast.domain.errors import InvalidInput
from ringcast.scripting.callfire_dialplan.variables import TooLong, Variables
from tests.unit.scripting.answerer import NOON, facts


def variables(*, is_inbound: bool = False, **attributes: str) -> Variables:
    return Variables(facts(is_inbound=is_inbound, **attributes), now=lambda: NOON)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${call.callerid}", "12135550199"),
        ("${call.phonenumber}", "12135550100"),
        ("[${call.dnis}]", "[]"),
        ("${call.id}", "7"),
        ("${global.date}", "11/28/2026"),
        ("${global.time}", "13:5:9"),
        ("${global.time.hour}", "1"),
        ("${global.time.hour.military}", "13"),
        ("${global.date.month}", "11"),
        ("${global.date.day}", "28"),
        ("${global.date.dayOfWeek}", "7"),
        ("${global.date.year}", "2026"),
        ("${contact.firstName}", "Ada"),
        ("${call.field.FIRSTNAME}", "Ada"),
        ("${contact.b}", "second"),
        ("${firstName}", "Ada"),
        ("[${firstname}]", "[]"),
        ("[${nothing}]", "[]"),
        ("[${global.nothing}]", "[]"),
        ("$5 and {x} ${", "$5 and {x} ${"),
        ("${choice${num}}", "tea"),
        ("${choice${n${which}}}", "tea"),
    ],
)
def test_variables_are_put_in_from_the_innermost_out(text: str, value: str) -> None:
    known = variables(firstName="Ada", B="second")
    for name, given in (("choice2", "tea"), ("num", "2"), ("which", "um")):
        known.set(name, given)

    assert known.substitute(text) == value


def test_inbound_call_has_the_number_that_was_dialled() -> None:
    known = variables(is_inbound=True)

    assert known.substitute("${call.dnis}|${call.phonenumber}") == "12135550100|"


def test_what_a_value_says_is_not_put_in_again() -> None:
    known = variables()
    known.set("a", "${b} \ue000d")
    known.set("b", "secret")

    assert known.substitute("${a}\ue000d ${b}") == "${b} \ue000d\ue000d secret"


def test_variables_do_not_grow_without_end() -> None:
    known = variables()
    known.set("a", "x" * 40_000)
    with pytest.raises(TooLong):
        known.substitute("${a}${a}")
    with pytest.raises(TooLong):
        known.set("b", "x" * 65_537)
    for number in range(25):
        known.set(f"c{number}", "x" * 40_000)
    known.set("c0", "")
    known.set("c0", "x" * 40_000)
    with pytest.raises(TooLong):
        known.set("d", "x" * 40_000)


def test_variables_inside_each_other_are_limited() -> None:
    with pytest.raises(TooLong, match="more than 50 deep"):
        variables().substitute("${" * 80 + "}" * 80)


def test_names_are_checked() -> None:
    with pytest.raises(InvalidInput, match="not the name of a variable"):
        variables().set("a b", "1")
