from __future__ import annotations

from pathlib import Path

from ringcast.apis.laml.coverage import coverage_page
from ringcast.apis.laml.routes import OPERATIONS
from ringcast.apis.laml.verbs import ATTRIBUTES, REFUSED, VERBS

PAGE = Path(__file__).parents[4] / "docs" / "dialects" / "laml.md"


def test_the_page_of_the_dialect_is_made_from_its_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == coverage_page()


def test_every_operation_is_once_in_the_table_and_says_why_if_it_is_not_there() -> None:
    keys = [(one.method, one.path) for one in OPERATIONS]
    assert len(set(keys)) == len(keys)
    assert all(one.reason for one in OPERATIONS if one.handler is None)


def test_every_verb_is_taken_or_refused() -> None:
    assert VERBS.keys() == ATTRIBUTES.keys()
    assert not VERBS.keys() & REFUSED.keys()
