"""What is done with calls to numbers, as commands say it."""

from __future__ import annotations

from ringcast.apis import laml
from ringcast.services.numbers import NumberPlan

__all__ = ["document_plan"]


def document_plan(url: str, *, twilio: bool) -> NumberPlan:
    """Return the plan of a number whose calls run the LaML document at a URL.

    Raises a RingcastError for what is no URL.
    """
    return laml.url_plan(url, twilio=twilio)
