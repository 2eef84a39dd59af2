"""What commands share in showing things."""

from __future__ import annotations

import logging
import sys

import msgspec
from rich.console import Console

__all__ = ["CONSOLE", "set_up_logging", "show_error", "show_json"]

CONSOLE = Console()


def show_error(message: str) -> None:
    """Print one line to standard error."""
    Console(stderr=True, soft_wrap=True).print(f"[bold red]ringcast:[/] {_plain(message)}")


def show_json(value: object) -> None:
    """Print one JSON object on one line."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")
    sys.stdout.flush()


def set_up_logging(level: int = logging.INFO) -> None:
    """Log to standard error, one line a fact, with its fields."""
    handler = logging.StreamHandler()
    handler.setFormatter(_Fields("%(asctime)s %(levelname)-7s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler])
    logging.getLogger("alembic").setLevel(max(level, logging.WARNING))  # talks at every start


class _Fields(logging.Formatter):
    """Append the `extra` fields of a record as name=value."""

    _OWN = frozenset(logging.makeLogRecord({}).__dict__) | {
        "message",
        "asctime",
        "taskName",
        "color_message",  # uvicorn's
    }

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 -- logging's name
        fields = " ".join(
            f"{name}={value}" for name, value in record.__dict__.items() if name not in self._OWN
        )
        line = super().formatMessage(record)
        return f"{line} {fields}" if fields else line


def _plain(message: str) -> str:
    return message.replace("[", "\\[")
