"""Calls, sounds, recordings and caller ids."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_calls as calls
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import creates, does, finds, lists, plays
from ringcast.apis.callfire_1_1.service_types import RECORDING_DATA, SOUND_DATA

__all__ = ["CALL_OPERATIONS"]

CALL_OPERATIONS: tuple[Operation, ...] = (
    creates(
        "call",
        "SendCall",
        "/call",
        calls.send_call,
        location="/broadcast/{id}",
        notes="without `AnsweringMachineConfig` it is"
        " `AM_AND_LIVE` if there is a sound for machines, or else `LIVE_IMMEDIATE`; its calls have"
        " the first `Label`",
    ),
    lists(
        "call",
        "QueryCalls",
        "/call",
        data.CALL,
        calls.query_calls,
        notes="`TotalResults` is the least there are for more than 2,000 that were filtered",
    ),
    finds("call", "GetCall", "/call/{Id}", data.CALL, calls.get_call),
    creates(
        "call",
        "CreateSound",
        "/call/sound",
        calls.create_sound,
        location="/call/sound/{id}",
        notes="inline Base64 up to 10 million characters, attachments and files up to 32 MiB",
    ),
    lists("call", "QuerySoundMeta", "/call/sound", data.SOUND_META, calls.query_sound_meta),
    finds("call", "GetSoundMeta", "/call/sound/{Id}", data.SOUND_META, calls.get_sound_meta),
    plays("GetSoundData", "/call/sound/{Id}", SOUND_DATA, calls.get_sound_data),
    plays("GetRecordingData", "/call/{CallId}/{Name}", RECORDING_DATA, calls.get_recording_data),
    does(
        "call",
        "SendVerificationCodeToCallerId",
        "POST",
        "/call/callerid/send-verification",
        calls.send_verification_code,
        notes="four digits, for ten minutes and five tries",
    ),
    finds(
        "call",
        "VerifyCallerId",
        "/call/callerid/verify",
        data.VERIFIED,
        calls.verify_caller_id,
        method="POST",
        notes="answers `Verified`, true or false",
    ),
    lists(
        "call",
        "GetCallerIds",
        "/call/callerid",
        data.CALLER_ID,
        calls.get_caller_ids,
        notes="all numbers that the account can call from",
    ),
)
