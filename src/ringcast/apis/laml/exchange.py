"""What a handler works with: the use cases, and the request at hand."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request

from ringcast.apis.laml.conference_services import ConferenceServices
from ringcast.apis.laml.identities import Family, Kind, Sids
from ringcast.apis.laml.parameters import Parameters
from ringcast.domain.accounts import Account
from ringcast.domain.ids import CallId
from ringcast.domain.public_ids import PublicIds
from ringcast.services.accounts import Authenticate
from ringcast.services.applications import ApplicationServices
from ringcast.services.call_creation import CreateCall
from ringcast.services.calls import FindCalls, GetCall
from ringcast.services.incidents import FindIncidents, GetIncident
from ringcast.services.live_calls import ControlCall, HangUpCall, RedirectCall
from ringcast.services.numbers import ConfigureNumber, ListNumbers
from ringcast.services.recordings import (
    DeleteRecording,
    FindRecordings,
    GetRecording,
    RecordingAudio,
)

__all__ = ["Exchange", "Services"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Services:
    """The use cases behind this dialect."""

    authenticate: Authenticate
    public_ids: PublicIds
    create_call: CreateCall
    get_call: GetCall
    find_calls: FindCalls
    redirect_call: RedirectCall
    hang_up_call: HangUpCall
    control_call: ControlCall
    get_incident: GetIncident
    find_incidents: FindIncidents
    list_numbers: ListNumbers
    configure_number: ConfigureNumber
    applications: ApplicationServices
    conferences: ConferenceServices
    get_recording: GetRecording
    find_recordings: FindRecordings
    recording_audio: RecordingAudio
    delete_recording: DeleteRecording
    public_url: str | None = None
    """Where clients reach the server, if it is not as they say in Host."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """One request that has been let in."""

    request: Request
    account: Account
    sids: Sids
    parameters: Parameters
    services: Services
    base: str
    """The prefix that the client came by: `/api/laml/2010-04-01` or `/2010-04-01`."""

    @property
    def is_twilio(self) -> bool:
        """Whether the answer is in Twilio's dialect of the dialect."""
        return self.sids.family is Family.TWILIO

    @property
    def account_sid(self) -> str:
        """The account's identifier in the family of the request."""
        return self.sids.of(Kind.ACCOUNT, self.account.id)

    @property
    def account_uri(self) -> str:
        """The path of the account."""
        return f"{self.base}/Accounts/{self.account_sid}"

    @property
    def absolute_base(self) -> str:
        """The prefix as the client reaches it, with scheme and host."""
        url = self.request.url
        return (self.services.public_url or f"{url.scheme}://{url.netloc}").rstrip("/") + self.base

    def uri(self, kind: str, sid: str) -> str:
        """Return the path of a resource of the account."""
        suffix = ".json" if self.is_twilio else ""
        return f"{self.account_uri}/{kind}/{sid}{suffix}"

    def call_id(self) -> CallId:
        """Return the call that the path names; 0, which is no call's, if it names none of ours."""
        return CallId(self.sids.number(Kind.CALL, self.request.path_params["sid"]) or 0)
