from __future__ import annotations

from pathlib import Path

from ringcast.apis.callfire_1_1.coverage import coverage_page
from ringcast.apis.callfire_1_1.operations import OPERATIONS

PAGE = Path(__file__).parents[4] / "docs" / "dialects" / "callfire-1.1.md"


def test_the_page_of_the_dialect_is_made_from_its_table() -> None:
    assert PAGE.read_text(encoding="utf-8") == coverage_page()


def test_every_operation_is_once_in_the_table_and_says_why_if_it_is_not_there() -> None:
    names = [one.name for one in OPERATIONS]
    assert len(set(names)) == len(names)
    assert all(one.why for one in OPERATIONS if one.handler is None)
    assert all(one.location for one in OPERATIONS if one.handler and "CreatedId" in _answer(one))


def _answer(operation: object) -> str:
    response = getattr(operation, "response", None)
    return "" if response is None else response.name
