"""One server and its telephones for all tests of Bandwidth v1."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from tests.system.bandwidth_v1.world import ANSWERED, CALLER, WAITING, World
from tests.system.callback_servers import serving_callbacks
from tests.system.documents import serving_documents
from tests.system.programs import run, running

PLAN = """
extends = "default"

[[phone]]
ends_in = "6061"
name = "person who hums"
steps = ["ring 1", "answer", "tone 620 40", "listen"]
"""


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    directory = tmp_path_factory.mktemp("bandwidth")
    heard, plan = directory / "heard", directory / "plan.toml"
    plan.write_text(PLAN)
    with (
        serving_documents() as documents,
        serving_callbacks() as callbacks,
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
        for number in (CALLER, ANSWERED, WAITING):
            run("number", "add", number, "--account", "school", *data, cwd=directory)
        host, _, port = server.ready()["sip"].rpartition(":")
        members = json.loads(added.stdout)
        yield World(members, callbacks, documents, heard, base, (host, int(port)))
