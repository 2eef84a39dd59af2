"""The table of figures as text, and its place in the page."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.table import BEGIN, END, Row, markdown, write

ROWS = (
    Row("set-up", "1.2 ms", "≤ 1.5 ms", True),
    Row("memory", "70 kB", "≤ 60 kB", False),
    Row("beside: SIPp", "0.3 ms"),
)


def test_markdown_says_what_holds_and_what_does_not() -> None:
    assert markdown(ROWS, ["Machine: 2 cores"]).splitlines() == [
        "- Machine: 2 cores",
        "",
        "| figure | hold | measured | holds? |",
        "|---|---|---|---|",
        "| set-up | ≤ 1.5 ms | 1.2 ms | yes |",
        "| memory | ≤ 60 kB | 70 kB | no |",
        "| beside: SIPp |  | 0.3 ms |  |",
    ]


def test_what_is_between_the_markers_is_replaced_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\n\nold\n\n{END}\nafter\n")

    write(page, "new")

    assert page.read_text() == f"before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"


def test_a_page_without_markers_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("no place for it\n")

    with pytest.raises(ValueError, match="no markers"):
        write(page, "new")

    assert page.read_text() == "no place for it\n"
