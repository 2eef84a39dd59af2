"""What a handler works with: the use cases, and the request at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request

from ringcast.apis.bandwidth_v1.conference_services import ConferenceServices
from ringcast.apis.bandwidth_v1.fields import Fields
from ringcast.apis.bandwidth_v1.identities import Ids, Kind
from ringcast.domain.accounts import Account
from ringcast.domain.ids import CallId
from ringcast.domain.public_ids import PublicIds
from ringcast.ports.clock import Clock
from ringcast.services.accounts import Authenticate, OwnsIdentifier
from ringcast.services.applications import ApplicationServices
from ringcast.services.call_creation import CreateCall
from ringcast.services.call_events import EventsOfCall, NewId
from ringcast.services.calls import FindCalls, GetCall
from ringcast.services.incidents import FindIncidents, GetIncident
from ringcast.services.live_calls import ControlCall, HangUpCall
from ringcast.services.numbers import ConfigureNumber, ListNumbers
from ringcast.services.recordings import (
    FindRecordings,
    GetRecording,
    RecordingAudio,
    RecordingsOfCall,
)
from ringcast.services.transfers import LiveSecondLegs, TransferCall

__all__ = ["Exchange", "Services"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The use cases behind this dialect."""

    clock: Clock
    public_ids: PublicIds
    authenticate: Authenticate
    owns_identifier: OwnsIdentifier
    new_id: NewId
    create_call: CreateCall
    get_call: GetCall
    find_calls: FindCalls
    control_call: ControlCall
    hang_up_call: HangUpCall
    transfer_call: TransferCall
    second_legs: LiveSecondLegs
    events_of_call: EventsOfCall
    get_recording: GetRecording
    find_recordings: FindRecordings
    recordings_of_call: RecordingsOfCall
    recording_audio: RecordingAudio
    list_numbers: ListNumbers
    configure_number: ConfigureNumber
    applications: ApplicationServices
    conferences: ConferenceServices
    get_incident: GetIncident
    find_incidents: FindIncidents
    public_url: str | None = None
    """Where clients reach the server, if it is not as they say in Host."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request that has been let in."""

    request: Request
    account: Account
    ids: Ids
    fields: Fields
    """What the body of a POST gives, or the query of a GET."""
    services: Services

    @property
    def path(self) -> Mapping[str, str]:
        """What the path names."""
        return self.request.path_params

    @property
    def base(self) -> str:
        """Where the client reaches this API, up to and with `/v1`."""
        url, root = self.request.url, self.request.scope.get("root_path", "")
        server = (self.services.public_url or f"{url.scheme}://{url.netloc}").rstrip("/")
        return f"{server}{root.rstrip('/')}"

    @property
    def user(self) -> str:
        """The identifier of the account that the path names."""
        return str(self.request.path_params["user"])

    def url(self, *parts: str) -> str:
        """Return the URL of a resource of the account."""
        return "/".join((f"{self.base}/users/{self.user}", *parts))

    def call_id(self) -> CallId:
        """Return the call that the path names; 0, which is no call's, if it names none of ours."""
        return CallId(self.ids.number(Kind.CALL, self.path["call"]))
