"""The table of figures: on the terminal, and in a page of the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

BEGIN = "<!-- measured: begin -->"
END = "<!-- measured: end -->"
_FILE_WIDTH = 150
_TITLES = ("figure", "hold", "measured", "holds?")


@dataclass(frozen=True, slots=True)
class Row:
    """One figure; without `hold` it is there to compare with."""

    figure: str
    measured: str
    hold: str = ""
    holds: bool | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """The row as texts."""
        verdict = {True: "yes", False: "no", None: ""}[self.holds]
        return self.figure, self.hold, self.measured, verdict


def show(rows: Iterable[Row]) -> None:
    """Print the table."""
    table = Table(*_TITLES, show_lines=False)
    for row in rows:
        style = "bold red" if row.holds is False else "dim" if row.holds is None else ""
        table.add_row(*row.cells, style=style)
    console = Console()
    (console if console.is_terminal else Console(width=_FILE_WIDTH)).print(table)


def markdown(rows: Iterable[Row], notes: Sequence[str]) -> str:
    """Return the table and what it was measured on, as Markdown."""
    lines = ["| " + " | ".join(_TITLES) + " |", "|---" * len(_TITLES) + "|"]
    lines += ["| " + " | ".join(row.cells) + " |" for row in rows]
    return "\n".join([*(f"- {note}" for note in notes), "", *lines])


def write(page: Path, text: str) -> None:
    """Put the text between the markers of the page; raise ValueError if it has none."""
    before, begin, rest = page.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{page} has no markers {BEGIN} and {END}")
    page.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}")
