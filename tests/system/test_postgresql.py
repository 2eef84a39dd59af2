"""The same product on the other database."""

from __future__ import annotations

from pathlib import Path

from tests.databases import PostgresqlServer
from tests.system.programs import Api, make_account, phone_calls, running


def test_a_call_is_placed_and_kept_on_postgresql(
    tmp_path: Path, postgresql: PostgresqlServer
) -> None:
    heard = tmp_path / "heard"
    url = postgresql.empty()
    common = ("--database-url", url, "--data-dir", str(tmp_path))
    with (
        running("phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), cwd=tmp_path) as p,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{p.ready()['sip']}", *common, cwd=tmp_path,
        ) as server,
    ):  # fmt: skip
        login, password = make_account(tmp_path, database_url=url)
        api = Api(f"http://{server.ready()['http']}", login, password)
        sound = api.speak("Good morning.")
        answered, busy = api.call("+12135556100", "+12135556120", sound=sound)

        assert api.wait_until_finished(answered)["finalCallResult"] == "LA"
        assert api.wait_until_finished(busy)["finalCallResult"] == "BUSY"
        assert server.stop() == 0

    with running(
        "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0", *common, cwd=tmp_path
    ) as server:  # fmt: skip
        again = Api(f"http://{server.ready()['http']}", login, password)
        assert again.get_call(answered)["finalCallResult"] == "LA"
    assert len(phone_calls(heard)) == 2
