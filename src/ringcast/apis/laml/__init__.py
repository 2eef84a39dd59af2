"""SignalWire Compatibility (LaML) and Twilio 2010-04-01: REST and voice documents."""

from ringcast.apis.laml.conference_services import ConferenceServices
from ringcast.apis.laml.dispatch import PREFIXES, laml
from ringcast.apis.laml.exchange import Services
from ringcast.apis.laml.handling import prepared, url_plan
from ringcast.apis.laml.interpreter import LANGUAGE, interpreter
from ringcast.services.applications import ApplicationServices

__all__ = [
    "LANGUAGE",
    "PREFIXES",
    "ApplicationServices",
    "ConferenceServices",
    "Services",
    "interpreter",
    "laml",
    "prepared",
    "url_plan",
]
