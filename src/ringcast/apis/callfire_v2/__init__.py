"""CallFire API v2: REST and JSON under `/v2`."""

from ringcast.apis.callfire_v2.dispatch import callfire_v2
from ringcast.apis.callfire_v2.exchange import Limits, Services

__all__ = ["Limits", "Services", "callfire_v2"]
