"""Documents as programs: fetched, checked, run verb by verb, with the fallback where one fails."""

from __future__ import annotations

import logging
from collections.abc import Generator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias
from urllib.parse import urljoin, urlsplit

from ringcast.apis.laml.detected import detected_fields
from ringcast.apis.laml.documents import Document, DocumentError, parse_document
from ringcast.apis.laml.fetching import request_for
from ringcast.apis.laml.following import call_follower
from ringcast.apis.laml.identities import Family, Kind, Sids
from ringcast.apis.laml.settings import LANGUAGE, Settings
from ringcast.apis.laml.verbs.play import Play
from ringcast.apis.laml.verbs.say import Say
from ringcast.apis.laml.verbs.verb import Goto, Next, Stop
from ringcast.domain.programs import (
    UNANSWERED,
    CallerGone,
    CallFacts,
    Detected,
    Dialed,
    End,
    Fetched,
    Interpreter,
    NotDone,
    NoteIncident,
    Program,
    Recorded,
    SendTones,
    Spoken,
    Step,
    StepResult,
)
from ringcast.domain.public_ids import PublicIds
from ringcast.domain.subscriptions import Follower

__all__ = ["LANGUAGE", "interpreter"]

log = logging.getLogger(__name__)

Running: TypeAlias = Generator[Step, StepResult, Document | None]

_XML = ("text/xml", "application/xml", "text/html")
_AUDIO = "audio/"
_PLAIN = "text/plain"
_MAX_SPOKEN = 4096  # characters


def interpreter(ids: PublicIds) -> Interpreter:
    """Return what makes programs of documents; webhooks carry identifiers made with `ids`."""

    def interpret(source: str, settings: Mapping[str, str], call: CallFacts) -> Program:
        return Run(ids, Settings.read(settings), call).program(source)

    return interpret


class Run:
    """One document after the other, on one leg (implements `verbs.verb.Runtime`)."""

    def __init__(
        self,
        ids: PublicIds,
        settings: Settings,
        call: CallFacts,
        *,
        parent: CallFacts | None = None,
    ) -> None:
        """`parent` is the call that has dialled the leg."""
        self._ids = ids
        self._settings = settings
        self._sids = Sids(ids, settings.family)
        self._call = call
        self._parent = parent
        self._at = ""
        """Where the document came from; empty for one that came with the call."""
        self._own = ""
        """That one."""
        self._method = settings.method
        self._detected: Mapping[str, str] = {}
        self._is_answered = call.answered_at is not None
        self._is_over = False
        self._warnings: list[tuple[int, str]] = []

    def program(self, source: str) -> Program:
        """Return the program of a document at a URL, or of one that is the source itself."""
        run = self._run(source)
        step = next(run, None)
        while step is not None:
            try:
                result = yield step
                self._is_answered = self._is_answered or not isinstance(step, UNANSWERED)
                self._is_over = self._is_over or _ends_the_call(result)
                step = run.send(result)
            except CallerGone as gone:
                self._is_over = True
                try:
                    step = run.throw(gone)
                except StopIteration:
                    return
            except StopIteration:
                return

    def _run(self, source: str) -> Program:
        if self._settings.send_digits:
            yield SendTones(digits=self._settings.send_digits)
        record = self._settings.recording()
        if record is not None:
            yield record
        detect = self._settings.detection()
        if detect is not None:
            found = yield detect
            self._detected = {} if detect.beside else _as_parameters(found)
        if self._settings.inline:
            self._own = source
            first: Goto | None = None
        else:
            first = Goto(url=source, method=self._settings.method)
        document = yield from self._guarded(first)
        while document is not None:
            document = yield from self._guarded(document)

    # What verbs ask for

    def sid(self, kind: Kind, number: int) -> str:
        """Return an identifier in the call's family."""
        return self._sids.of(kind, number)

    @property
    def family(self) -> Family:
        """The call's family of identifiers."""
        return self._settings.family

    @property
    def is_answered(self) -> bool:
        """Whether the call is answered; one that comes in is so by the first verb that needs it."""
        return self._is_answered

    def recording_url(self, recording_id: int) -> str:
        """Return where a recording can be fetched."""
        account = self.sid(Kind.ACCOUNT, self._call.account_id)
        sid = self.sid(Kind.RECORDING, recording_id)
        return f"{self._settings.base}/Accounts/{account}/Recordings/{sid}"

    def call_follower(self, url: str, method: str, events: Sequence[str]) -> Follower | None:
        """Return who is told of another leg; None without a URL."""
        if not url:
            return None
        return call_follower(
            self.absolute(url),
            family=self.family,
            method=method,
            events=events,
            key=self._settings.signing_key,
        )

    def recording_follower(self, url: str, method: str, events: Sequence[str]) -> Follower | None:
        """Return who is told of a recording; None without a URL."""
        target = self.absolute(url) if url else ""
        return self._settings.recording_follower(target, method, events)

    def warn(self, code: int, message: str) -> None:
        """Note what did not work and keeps nothing from going on."""
        self._warnings.append((code, message))
        log.warning(
            "document warning",
            extra={"attempt_id": self._call.attempt_id, "code": code, "why": message},
        )

    def absolute(self, url: str) -> str:
        """Return a URL of the document as an absolute one."""
        try:
            target = urljoin(self._at, url)
            parts = urlsplit(target)
            _ = parts.port
        except ValueError:
            parts, target = urlsplit(""), ""
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise DocumentError(21402, f"{url[:100]!r} is not an absolute URL")
        return target

    def number(self, kind: Kind, sid: str) -> int | None:
        """Return the resource behind an identifier; None if this system made no such one."""
        return self._sids.number(kind, sid)

    def beside(self, url: str, method: str) -> Generator[Step, StepResult, tuple[Document, str]]:
        """Fetch another document, which does not take over; return it and where it came from."""
        at, own_method = self._at, self._method
        try:
            document = yield from self._fetch(url, method, {})
            assert document is not None  # that is for documents that end
            return document, self._at
        finally:
            self._at, self._method = at, own_method

    def leg_program(self, leg: CallFacts, url: str, method: str) -> Program:
        """Return the program of a document that is run on another leg of this call."""
        settings = replace(
            self._settings,
            inline="",
            method=method,
            fallback_url="",
            send_digits="",
            detect="",
            record="",
        )
        return Run(self._ids, settings, leg, parent=self._call).program(url)

    # Documents

    def _guarded(self, what: Document | Goto | None) -> Running:
        """Fetch, or run; turn to the fallback if that fails."""
        try:
            return (yield from self._advance(what))
        except DocumentError as error:
            log.warning(
                "document failed",
                extra={
                    "attempt_id": self._call.attempt_id,
                    "code": error.code,
                    "why": str(error),
                },
            )
            url = error.url if isinstance(error, _Unreachable) else self._at
            yield self._incident(error.code, str(error), url, is_error=True)
            return (yield from self._fall_back(what, error))

    def _advance(self, what: Document | Goto | None) -> Running:
        """Return the document that comes next, None at the end of all."""
        if isinstance(what, Document):
            after = yield from self._verbs(what)
            if isinstance(after, Stop):
                yield End()
                return None
            if after is None:
                if self._parent is None:
                    yield End(reason="the document ended")
                return None
            what = after
        if what is None or (not what.url and not self._at):
            return self._inline(what)
        url = self._at if not what.url else self.absolute(what.url)
        return (yield from self._fetch(url, what.method, what.parameters or {}))

    def _inline(self, what: Goto | None) -> Document:
        """Return the document that came with the call; it cannot be told of what was gathered."""
        if what is not None and what.parameters:
            raise DocumentError(21402, "an inline document needs an absolute action")
        return parse_document(self._own.encode())

    def _verbs(self, document: Document) -> Generator[Step, StepResult, Next]:
        for verb in document.verbs:
            after = yield from verb.run(self)
            while self._warnings:
                code, message = self._warnings.pop(0)
                yield self._incident(code, message, self._at, is_error=False)
            if after is not None:
                return after
        return None

    def _fetch(self, url: str, method: str, parameters: Mapping[str, str]) -> Running:
        answer = yield request_for(
            url,
            method,
            {**self._parameters(), **parameters},
            key=self._settings.signing_key,
        )
        if isinstance(answer, NotDone):
            raise _Unreachable(11200, answer.reason, url)
        assert isinstance(answer, Fetched), "that is what a Fetch answers"
        if not 200 <= answer.status <= 299:
            raise _Unreachable(11217, f"{url} answered {answer.status}", url)
        self._at, self._method = answer.url, method
        kind = answer.content_type.partition(";")[0].strip().lower()
        if kind.startswith(_AUDIO):
            return Document((Play(url=answer.url),))
        if kind == _PLAIN:
            text = " ".join(answer.body.decode("utf-8", "replace").split())[:_MAX_SPOKEN]
            return Document((Say(prompts=(Spoken(text=text),), loop=1),) if text else ())
        if kind not in _XML and not kind.endswith("+xml"):
            raise _Unreachable(12300, f"{url} is of the type {kind[:64]!r}: send text/xml", url)
        return parse_document(answer.body)

    def _incident(self, code: int, message: str, url: str, *, is_error: bool) -> NoteIncident:
        return NoteIncident(
            dialect=LANGUAGE,
            message=message,
            details={
                "code": str(code),
                "log": "0" if is_error else "1",
                "url": url,
                "method": self._method,
            },
        )

    def _fall_back(self, what: Document | Goto | None, error: DocumentError) -> Running:
        url = self._settings.fallback_url
        if not url:
            yield End(reason=f"its document failed: {error}")
            return None
        failed = error.url if isinstance(error, _Unreachable) else self._at
        self._settings = replace(self._settings, fallback_url="")  # once: it may fail as well
        parameters = {"ErrorCode": str(error.code), "ErrorUrl": failed}
        try:
            return (yield from self._fetch(url, self._settings.fallback_method, parameters))
        except DocumentError as again:
            yield End(reason=f"its document and its fallback failed: {again}")
            return None

    def _status(self) -> str:
        if self._is_over:
            return "completed" if self._is_answered else "canceled"
        return "in-progress" if self._is_answered else "ringing"

    def _parameters(self) -> dict[str, str]:
        """Return what every request carries."""
        call = self._call
        shown = call.from_number.e164 if call.from_number is not None else ""
        direction = "inbound" if call.is_inbound else "outbound-api"
        if self._parent is not None:
            direction = "outbound-dial"
        found = {
            "CallSid": self.sid(Kind.CALL, call.call_id),
            "AccountSid": self.sid(Kind.ACCOUNT, call.account_id),
            "ApiVersion": "2010-04-01",
            "From": shown,
            "To": str(call.to),
            "CallStatus": self._status(),
            "Direction": direction,
        }
        if self._settings.family is Family.TWILIO:
            found |= {"Caller": found["From"], "Called": found["To"]}
            if self._settings.application:
                number = int(self._settings.application)
                found["ApplicationSid"] = self.sid(Kind.APPLICATION, number)
        if self._parent is not None:
            found["ParentCallSid"] = self.sid(Kind.CALL, self._parent.call_id)
        return found | dict(self._detected)


class _Unreachable(DocumentError):
    """A document could not be had from its URL."""

    def __init__(self, code: int, message: str, url: str) -> None:
        super().__init__(code, message)
        self.url = url


def _ends_the_call(result: StepResult) -> bool:
    """Whether the call ended while the step was carried out."""
    if isinstance(result, Dialed):
        return result.caller_gone
    return isinstance(result, Recorded) and result.ended_by == "hangup"


def _as_parameters(result: StepResult) -> Mapping[str, str]:
    """Return who has answered, in the vendors' words."""
    if not isinstance(result, Detected):
        return {"AnsweredBy": "unknown", "MachineDetectionDuration": "0"}
    return detected_fields(result.who, result.after, result.greeting_end)
