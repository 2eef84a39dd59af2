"""Bandwidth v1 (Catapult): calls under the control of requests, told of by callbacks."""

from ringcast.apis.bandwidth_v1.application_requests import prepared
from ringcast.apis.bandwidth_v1.conference_services import ConferenceServices
from ringcast.apis.bandwidth_v1.dispatch import PREFIX, bandwidth_v1
from ringcast.apis.bandwidth_v1.exchange import Services
from ringcast.apis.bandwidth_v1.interpreter import LANGUAGE, interpreter
from ringcast.services.applications import ApplicationServices

__all__ = [
    "LANGUAGE",
    "PREFIX",
    "ApplicationServices",
    "ConferenceServices",
    "Services",
    "bandwidth_v1",
    "interpreter",
    "prepared",
]
