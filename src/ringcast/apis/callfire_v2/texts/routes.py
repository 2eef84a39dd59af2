"""Texts, keywords and media: none of them is here."""

from __future__ import annotations

from ringcast.apis.callfire_v2.operation import VOICE_ONLY, Operation

__all__ = ["OPERATIONS"]

OPERATIONS = (
    Operation("GET", "/keywords", "findKeywords", why=VOICE_ONLY),
    Operation("GET", "/keywords/leases", "findKeywordLeases", why=VOICE_ONLY),
    Operation("GET", "/keywords/leases/{keyword}", "getKeywordLease", why=VOICE_ONLY),
    Operation("PUT", "/keywords/leases/{keyword}", "updateKeywordLease", why=VOICE_ONLY),
    Operation("GET", "/keywords/{keyword}/available", "isKeywordAvailable", why=VOICE_ONLY),
    Operation("GET", "/media", "findMedia", why=VOICE_ONLY),
    Operation("POST", "/media", "createMedia", why=VOICE_ONLY),
    Operation("GET", "/media/public/{key}.{extension}", "getMediaDataByKey", why=VOICE_ONLY),
    Operation("GET", "/media/{id}", "getMedia", why=VOICE_ONLY),
    Operation("GET", "/media/{id}.{extension}", "getMediaData", why=VOICE_ONLY),
    Operation("GET", "/media/{id}/file", "getMediaDataBinary", why=VOICE_ONLY),
    Operation("GET", "/texts", "findTexts", why=VOICE_ONLY),
    Operation("POST", "/texts", "sendTexts", why=VOICE_ONLY),
    Operation("GET", "/texts/auto-replys", "findTextAutoReplys", why=VOICE_ONLY),
    Operation("POST", "/texts/auto-replys", "createTextAutoReply", why=VOICE_ONLY),
    Operation("DELETE", "/texts/auto-replys/{id}", "deleteTextAutoReply", why=VOICE_ONLY),
    Operation("GET", "/texts/auto-replys/{id}", "getTextAutoReply", why=VOICE_ONLY),
    Operation("GET", "/texts/broadcasts", "findTextBroadcasts", why=VOICE_ONLY),
    Operation("POST", "/texts/broadcasts", "createTextBroadcast", why=VOICE_ONLY),
    Operation("GET", "/texts/broadcasts/{id}", "getTextBroadcast", why=VOICE_ONLY),
    Operation("PUT", "/texts/broadcasts/{id}", "updateTextBroadcast", why=VOICE_ONLY),
    Operation("POST", "/texts/broadcasts/{id}/archive", "archiveTextBroadcast", why=VOICE_ONLY),
    Operation("GET", "/texts/broadcasts/{id}/batches", "getTextBroadcastBatches", why=VOICE_ONLY),
    Operation("POST", "/texts/broadcasts/{id}/batches", "addTextBroadcastBatch", why=VOICE_ONLY),
    Operation(
        "POST", "/texts/broadcasts/{id}/recipients", "addTextBroadcastRecipients", why=VOICE_ONLY
    ),
    Operation("POST", "/texts/broadcasts/{id}/start", "startTextBroadcast", why=VOICE_ONLY),
    Operation("GET", "/texts/broadcasts/{id}/stats", "getTextBroadcastStats", why=VOICE_ONLY),
    Operation("POST", "/texts/broadcasts/{id}/stop", "stopTextBroadcast", why=VOICE_ONLY),
    Operation("GET", "/texts/broadcasts/{id}/texts", "getTextBroadcastTexts", why=VOICE_ONLY),
    Operation("GET", "/texts/{id}", "getText", why=VOICE_ONLY),
)
