"""One server and its telephones for all tests of LaML."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from twilio.rest import Client

from tests.system.documents import serving_documents
from tests.system.laml.world import ANSWERED, CALLER, OTHER_CALLER, PLAN, OtherBase, World
from tests.system.programs import run, running


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("laml")
    heard, plan = directory / "heard", directory / "plan.toml"
    plan.write_text(PLAN)
    with (
        serving_documents() as documents,
        running(
            "phones", "--sip", "127.0.0.1:0", "--record-dir", str(heard), "--plan", str(plan),
            cwd=directory,
        ) as phones,
        running(
            "serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0",
            "--trunk", f"sip:{phones.ready()['sip']}", "--data-dir", str(directory),
            "--media-workers", "1", "--allow-private-urls", "--trunk-cps", "20", cwd=directory,
        ) as server,
    ):  # fmt: skip
        base = f"http://{server.ready()['http']}"
        data = ("--data-dir", str(directory))
        added = run("account", "add", "school", "--json", *data, cwd=directory)
        members = json.loads(added.stdout)
        for number in (CALLER, OTHER_CALLER):
            run("number", "add", number, "--account", "school", *data, cwd=directory)
        document = ("--voice-url", f"{documents.url}/answered", "--twilio-ids")
        run("number", "add", ANSWERED, "--account", "school", *document, *data, cwd=directory)
        host, _, port = server.ready()["sip"].rpartition(":")
        client = Client(members["account_sid"], members["auth_token"], http_client=OtherBase(base))
        yield World(client, members, documents, heard, base, (host, int(port)), directory)
