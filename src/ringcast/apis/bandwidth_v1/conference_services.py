"""The use cases behind conferences."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.ports.deliveries import CallbackSender
from ringcast.services.conference_reading import AddCall, ReadConferences
from ringcast.services.conferences import Conferences

__all__ = ["ConferenceServices"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConferenceServices:
    """What is done with conferences."""

    live: Conferences
    read: ReadConferences
    add: AddCall
    sender: CallbackSender
    """Says which URLs can be told."""
