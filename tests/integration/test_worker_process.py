"""What every worker process promises, shown with small programs."""

import signal
import subprocess
import sys
import time

import pytest

from ringcast.integrations.worker_process import WorkerDied, WorkerProcess

PRELUDE = "from ringcast.integrations.worker_process import *\n"


def run(program: str, data: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", PRELUDE + program],
        input=data,
        capture_output=True,
        timeout=60,
        check=False,
    )


def test_requests_are_answered_in_order_until_the_input_ends() -> None:
    result = run("answer_requests(bytes.upper)", b"\0\0\0\x03one\0\0\0\0\0\0\0\x02up")
    assert result.stdout == b"\0\0\0\x03ONE\0\0\0\0\0\0\0\x02UP"
    assert result.returncode == 0


def test_what_libraries_print_does_not_disturb_the_answers() -> None:
    program = "import os\nanswer_requests(lambda data: (os.write(1, b'noise'), data)[1])"
    result = run(program, b"\0\0\0\x02ok")
    assert result.stdout == b"\0\0\0\x02ok"
    assert result.stderr == b"noise"


def test_process_that_uses_too_much_cpu_is_ended() -> None:
    started = time.monotonic()
    result = run("allow_cpu(0.1)\nwhile True: pass")
    assert result.returncode == -signal.SIGPROF
    assert time.monotonic() - started < 30


def test_each_request_has_its_own_cpu_time() -> None:
    program = (
        "import time\n"
        "for _ in range(3):\n"
        "    allow_cpu(2.0)\n"
        "    end = time.process_time() + 0.8\n"
        "    while time.process_time() < end: pass\n"
    )
    assert run(program).returncode == 0


async def test_process_that_cannot_start_is_an_error_each_time() -> None:
    worker = WorkerProcess("ringcast.integrations.no_such_module")
    for _ in range(2):
        with pytest.raises(WorkerDied, match="exited with status 1"):
            await worker.ask(b"", timeout=30)
    assert worker.pid is None
    await worker.close()


@pytest.mark.parametrize(
    ("code", "message"),
    [(-9, "was ended by SIGKILL"), (3, "exited with status 3"), (None, "could not be started")],
)
def test_death_is_told_in_words(code: int | None, message: str) -> None:
    assert message in str(WorkerDied("decoder", code))
    assert WorkerDied("decoder", -signal.SIGPROF).used_its_cpu_time
