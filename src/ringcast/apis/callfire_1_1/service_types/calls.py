"""Requests about calls, sounds, recordings and caller ids."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1.schema import Choice, Element, may, need
from ringcast.apis.callfire_1_1.service_types.building import (
    ACTION_QUERY,
    ID_REQUEST,
    QUERY,
    REQUEST_ID,
    SEND_REQUEST,
    service_element,
    service_type,
)
from ringcast.apis.callfire_1_1.simple_types import (
    BINARY,
    INT,
    LONG,
    PHONE_NUMBER,
    SOUND_FORMAT,
    STRING,
    VERIFICATION_CODE,
    VOICE,
)

__all__ = [
    "CALL_REQUESTS",
]

_CONFIG_OF_CALLS = Choice(
    options=(
        (need("VoiceBroadcastConfig", data.VOICE_BROADCAST_CONFIG),),
        (need("IvrBroadcastConfig", data.IVR_BROADCAST_CONFIG),),
    ),
    selector="Type",
    selected={"VOICE": "VoiceBroadcastConfig", "IVR": "IvrBroadcastConfig"},
)

CALL_REQUESTS: tuple[Element, ...] = (
    service_element(
        "SendCall", service_type("", may("MaxActive", INT), _CONFIG_OF_CALLS, base=SEND_REQUEST)
    ),
    service_element("QueryCalls", ACTION_QUERY),
    service_element("GetCall", ID_REQUEST),
    service_element(
        "CreateSound",
        service_type(
            "",
            may("Name", STRING),
            Choice(
                options=(
                    (need("Data", BINARY),),
                    (need("RecordingCall", service_type("", need("ToNumber", PHONE_NUMBER))),),
                    (need("SoundText", STRING),),
                )
            ),
            may("SoundTextVoice", VOICE, default="FEMALE1"),
        ),
    ),
    service_element("QuerySoundMeta", QUERY),
    service_element("GetSoundMeta", ID_REQUEST),
    service_element(
        "GetSoundData",
        service_type("", may("Format", SOUND_FORMAT, default="MP3"), base=ID_REQUEST),
    ),
    service_element(
        "GetRecordingData",
        service_type(
            "",
            Choice(
                options=(
                    (need("CallId", LONG), need("Name", STRING)),
                    (need("RecordingId", LONG),),
                )
            ),
            may("Format", SOUND_FORMAT, default="MP3"),
        ),
    ),
    service_element(
        "SendVerificationCodeToCallerId",
        service_type("", REQUEST_ID, need("CallerId", PHONE_NUMBER)),
    ),
    service_element(
        "VerifyCallerId",
        service_type(
            "", need("CallerId", PHONE_NUMBER), need("VerificationCode", VERIFICATION_CODE)
        ),
    ),
    service_element("GetCallerIds", QUERY),
)
