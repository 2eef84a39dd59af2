"""The use cases behind conferences."""

from __future__ import annotations

from dataclasses import dataclass

from ringcast.ports.web import WebClient
from ringcast.services.conference_reading import ReadConferences
from ringcast.services.conferences import Conferences

__all__ = ["ConferenceServices"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConferenceServices:
    """What is done with conferences."""

    act: Conferences
    read: ReadConferences
    web: WebClient
    """Fetches the documents of announcements."""
