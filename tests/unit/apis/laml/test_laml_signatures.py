from __future__ import annotations

from ringcast.apis.laml.following import EVENTS, NOT_SENT
from ringcast.apis.laml.signatures import signature, signed
from ringcast.domain.subscriptions import Topic


def test_signature_is_what_the_validators_of_both_vendors_expect() -> None:
    form = [
        ("To", "+18005551212"), ("CallSid", "CA1234567890ABCDE"), ("Caller", "+12349013030"),
        ("Digits", "1234"), ("From", "+12349013030"),
    ]  # fmt: skip
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"

    assert signature("12345", url, form) == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
    assert set(signed("12345", url, form).values()) == {"0/KCTR6DLpKmkAf8muzZqo1nDgQ="}


def test_every_topic_is_sent_or_declined() -> None:
    told = {*EVENTS.values(), Topic.CALL_EVENT}  # of recordings
    assert told | NOT_SENT == set(Topic)
    assert not set(EVENTS.values()) & NOT_SENT
