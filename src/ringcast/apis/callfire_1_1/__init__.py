"""CallFire API 1.1: SOAP and REST under `/api/1.1`."""

from ringcast.apis.callfire_1_1.dispatch import callfire_1_1
from ringcast.apis.callfire_1_1.exchange import Limits
from ringcast.apis.callfire_1_1.services import Services

__all__ = ["Limits", "Services", "callfire_1_1"]
