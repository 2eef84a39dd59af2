"""`ringcast serve` as its users run it, for benchmarks of the whole product."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from ringcast.audio import wav
from tests.system.programs import Api, Program, make_account, running


@contextmanager
def server(
    directory: Path,
    *,
    sip_port: int,
    calls: int,
    database_url: str | None = None,
    account: tuple[str, str] | None = None,
) -> Iterator[tuple[Program, Api]]:
    """Run the server in a directory with a trunk at that port.

    Its database is SQLite in that directory unless another is named. It is given an account, unless
    the login and password of one that is there are given.
    """
    database = [] if database_url is None else ["--database-url", database_url]
    with running(
        *("serve", "--http", "127.0.0.1:0", "--sip", "127.0.0.1:0"),
        *("--trunk", f"sip:127.0.0.1:{sip_port}"),
        *("--trunk-cps", "200", "--trunk-max-calls", str(calls)),
        *("--data-dir", str(directory)),
        *database,
        cwd=directory,
    ) as program:
        ready = program.ready()
        account = account or make_account(directory, database_url=database_url)
        yield program, Api(f"http://{ready['http']}", *account)


def upload_noise(api: Api, *, seconds: float) -> int:
    """Upload noise that begins with its first sample; return the id of the sound."""
    samples = np.random.default_rng(2).integers(-8000, 8000, int(8000 * seconds), np.int16)
    answer = api.upload(wav.write(samples, rate=8000), name="noise.wav", content_type="audio/wav")
    if answer.status != 200:
        raise RuntimeError(f"the sound was not taken: {answer.status} {answer.body!r}")
    return int(answer.json["id"])
