"""A broadcast with a dialplan, by CallFire 1.1, to telephones that press keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.system.programs import Api, eventually, make_account, running

DIALPLAN = """\
<dialplan name="Root">
  <menu name="ask" maxDigits="1" timeout="8000">
    <play name="question" type="tts" voice="female1">Press one for yes, or two for no.</play>
    <keypress pressed="1" name="yes">
      <stash varname="answer">yes</stash>
      <hangup name="bye"/>
    </keypress>
    <keypress pressed="2" name="no">
      <stash varname="answer">no</stash>
      <hangup name="bye2"/>
    </keypress>
    <keypress pressed="timeout" name="silence"><hangup name="bye3"/></keypress>
  </menu>
</dialplan>"""


@pytest.mark.timeout(120)
def test_what_people_press_is_the_answer_in_their_call(tmp_path: Path) -> None:
    with (
        running("phones", "--sip", "127.0.0.1:0", cwd=tmp_path) as phones,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{phones.ready()['sip']}", "--data-dir", str(tmp_path),
            "--media-workers", "1", cwd=tmp_path,
        ) as server,
    ):  # fmt: skip
        login, password = make_account(tmp_path)
        api = Api(f"http://{server.ready()['http']}", login, password)
        form = {"Type": "IVR", "To": "12135555631 12135555632", "DialplanXml": DIALPLAN}
        made = api.request("POST", "/api/1.1/rest/call.json", urlencode(form).encode())
        assert made.status == 201, made.body
        broadcast = made.json["ResourceReference"]["Id"]

        def calls() -> list[Any]:
            path = f"/api/1.1/rest/call.json?BroadcastId={broadcast}"
            return list(api.request("GET", path).json["ResourceList"]["Call"])

        eventually(lambda: all(call["State"] == "FINISHED" for call in calls()), within=60)
        answers = {
            call["ToNumber"]["value"][-1]: call["CallRecord"][0].get("QuestionResponse")
            for call in calls()
        }

    assert answers == {
        "1": [{"Question": "answer", "Response": "yes"}],
        "2": [{"Question": "answer", "Response": "no"}],
    }
