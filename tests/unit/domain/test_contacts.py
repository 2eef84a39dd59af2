"""Contacts, and what a list is called."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ringcast.domain.contacts import (
    ContactDetails,
    ContactListStatus,
    PhoneKind,
    checked_list_name,
    lettered,
)
from ringcast.domain.do_not_call import checked_source
from ringcast.domain.errors import InvalidInput
from ringcast.domain.numbers import PhoneNumber

ONE, TWO = PhoneNumber("12135550141"), PhoneNumber("12135550142")


def test_home_comes_before_work_before_mobile() -> None:
    assert ContactDetails().first_phone is None
    assert ContactDetails(phones={PhoneKind.EXTRA_1: ONE}).first_phone == ONE
    assert ContactDetails(phones={PhoneKind.MOBILE: ONE, PhoneKind.WORK: TWO}).first_phone == TWO
    phones = {PhoneKind.MOBILE: ONE, PhoneKind.WORK: ONE, PhoneKind.HOME: TWO}
    assert ContactDetails(phones=phones).first_phone == TWO


@pytest.mark.parametrize(
    ("details", "field"),
    [
        (ContactDetails(last_name="x" * 256), "last_name"),
        (ContactDetails(properties={"x": "y" * 1001}), "properties"),
        (ContactDetails(properties={" ": "y"}), "properties"),
        (ContactDetails(properties={"x" * 256: "y"}), "properties"),
        (ContactDetails(properties={f"p{i}": "" for i in range(101)}), "properties"),
    ],
)
def test_what_is_too_long_is_named(details: ContactDetails, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        details.check()
    assert refused.value.field == field


def test_what_just_fits_is_kept() -> None:
    ContactDetails(
        first_name="x" * 255, properties={f"{i:0255}": "y" * 1000 for i in range(100)}
    ).check()


def test_letters_go_on_behind_z() -> None:
    letters = lettered([*(str(number) for number in range(704)), "0"])
    assert [letters[str(number)] for number in (0, 25, 26, 27, 51, 52, 701, 702, 703)] == [
        "A", "Z", "AA", "AB", "AZ", "BA", "ZZ", "AAA", "AAB",
    ]  # fmt: skip
    assert len(set(letters.values())) == 704


@pytest.mark.parametrize("check", [checked_list_name, checked_source])
def test_names_are_printable_and_not_too_long(check: Callable[[str], str]) -> None:
    assert check("  Spring ") == "Spring"
    for bad in ("", "  ", "a\nb", "x" * 256):
        with pytest.raises(InvalidInput):
            check(bad)


def test_only_a_list_without_an_import_is_final() -> None:
    waiting = {status for status in ContactListStatus if not status.is_final}
    assert waiting == {ContactListStatus.VALIDATING, ContactListStatus.IMPORTING}
