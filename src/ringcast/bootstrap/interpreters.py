"""The languages that scripts can be written in."""

from __future__ import annotations

from collections.abc import Mapping

from ringcast.domain.programs import Interpreter

__all__ = ["INTERPRETERS"]

INTERPRETERS: Mapping[str, Interpreter] = {}
"""What makes a program of a script, by the language of `domain.instructions.Interpret`."""
