"""Sounds of the library."""

from __future__ import annotations

from ringcast.apis.callfire_v2.operation import PAGED, Operation
from ringcast.apis.callfire_v2.sounds import handlers

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation(
        "GET",
        "/campaigns/sounds",
        "findCampaignSounds",
        handlers.find_sounds,
        takes=frozenset({*PAGED, "filter", "includeArchived", "includePending", "includeScrubbed"}),
        notes="FAILED ones with `includeArchived`; no sound is ever scrubbed",
    ),
    Operation(
        "POST",
        "/campaigns/sounds/calls",
        "postCallCampaignSound",
        handlers.record_sound,
        takes=frozenset({"fields"}),
        notes="calls from the account's oldest number; up to ten minutes, to the key # or five "
        "seconds of silence; 1 accepts, 2 records again; RECORDING until the call is over, then "
        "ACTIVE, or FAILED if nothing was accepted",
    ),
    Operation(
        "POST",
        "/campaigns/sounds/files",
        "postFileCampaignSound",
        handlers.upload_sound,
        takes=frozenset({"fields"}),
        notes="WAV or MP3 at any rate; the same audio again answers the earlier sound, with "
        "`duplicate` true",
    ),
    Operation(
        "POST",
        "/campaigns/sounds/tts",
        "postTTSCampaignSound",
        handlers.speak_sound,
        takes=frozenset({"fields"}),
    ),
    Operation(
        "DELETE",
        "/campaigns/sounds/{id}",
        "deleteCampaignSound",
        handlers.delete_sound,
        notes="archives it; 204",
    ),
    Operation(
        "GET",
        "/campaigns/sounds/{id}",
        "getCampaignSound",
        handlers.get_sound,
        takes=frozenset({"fields"}),
        notes="archived ones too",
    ),
    Operation(
        "GET",
        "/campaigns/sounds/{id}.mp3",
        "getCampaignSoundDataMp3",
        handlers.get_sound_mp3,
        notes="as heard in a call; ranges and ETag",
    ),
    Operation(
        "GET",
        "/campaigns/sounds/{id}.wav",
        "getCampaignSoundDataWav",
        handlers.get_sound_wav,
        notes="as heard in a call; ranges and ETag",
    ),
)
