"""How a document is run, as it is written down with the call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta

from ringcast.apis.laml.following import recording_follower
from ringcast.apis.laml.identities import Family
from ringcast.domain.programs import Detect, DetectUntil, RecordStep
from ringcast.domain.subscriptions import Follower

__all__ = ["LANGUAGE", "Settings"]

LANGUAGE = "laml"
_LONGEST_CALL = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What is known of a call's document besides the document."""

    family: Family
    """Whose identifiers webhooks carry."""
    signing_key: str = field(default="", repr=False)
    """Empty in what is kept with numbers and applications: a call takes the account's."""
    base: str = ""
    """Where this API is reached, without a slash at its end."""
    application: str = ""
    """The application that handles the call: its number, if there is one."""
    inline: str = ""
    """Not empty: the source is the document itself."""
    method: str = "POST"
    fallback_url: str = ""
    fallback_method: str = "POST"
    send_digits: str = ""
    record: str = ""
    """`mono`, `dual`, or `inbound` and `outbound` for one side alone; empty records nothing."""
    record_trim: str = ""
    record_url: str = ""
    """Who is told of the recording, by `record_method`, of `record_events`."""
    record_method: str = "POST"
    record_events: str = ""
    detect: str = ""
    """`Enable` or `DetectMessageEnd`; the limits below are in seconds, and in milliseconds."""
    detect_timeout: str = "30"
    detect_speech: str = "2400"
    detect_speech_end: str = "1200"
    detect_silence: str = "5000"
    detect_words: str = "6"
    detect_beside: str = ""
    """Not empty: while the document runs."""

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> Settings:
        """Read what `written` has written."""
        known = {one.name for one in fields(cls)}
        values: dict[str, str] = {k: v for k, v in settings.items() if k in known}
        family = Family(values.pop("family"))
        return cls(family=family, **values)

    def written(self) -> dict[str, str]:
        """Return the settings that differ from their defaults, as words."""
        found = {one.name: str(getattr(self, one.name)) for one in fields(self)}
        return {one.name: found[one.name] for one in fields(self) if found[one.name] != one.default}

    def with_document(
        self, *, inline: bool, method: str, fallback_url: str, fallback_method: str
    ) -> Settings:
        """Return the settings for another document."""
        return replace(
            self,
            inline="true" if inline else "",
            method=method,
            fallback_url=fallback_url,
            fallback_method=fallback_method,
        )

    def recording(self) -> RecordStep | None:
        """Return the step that records the call, if that is wanted."""
        if not self.record:
            return None
        return RecordStep(
            both_sides=self.record != "inbound",
            separate_channels=self.record == "dual",
            only_sent=self.record == "outbound",
            trim_silence=bool(self.record_trim),
            max_length=_LONGEST_CALL,
            follower=self.recording_follower(
                self.record_url, self.record_method, self.record_events.split()
            ),
        )

    def recording_follower(self, url: str, method: str, events: Sequence[str]) -> Follower | None:
        """Return who is told of a recording; None without a URL."""
        if not url:
            return None
        return recording_follower(
            url,
            family=self.family,
            method=method,
            events=events,
            key=self.signing_key,
            base=self.base,
        )

    def detection(self) -> Detect | None:
        """Return the step that finds out who has answered, if that is wanted."""
        if not self.detect:
            return None
        at_end = self.detect == "DetectMessageEnd"
        return Detect(
            until=DetectUntil.GREETING_END if at_end else DetectUntil.VERDICT,
            timeout=timedelta(seconds=int(self.detect_timeout)),
            speech_threshold=timedelta(milliseconds=int(self.detect_speech)),
            speech_end_threshold=timedelta(milliseconds=int(self.detect_speech_end)),
            silence_timeout=timedelta(milliseconds=int(self.detect_silence)),
            words=int(self.detect_words),
            beside=bool(self.detect_beside),
        )
