"""Runs all tests but the long ones, in two parts side by side.

Tests of whole programs mostly wait for telephones, the others mostly compute. What the first part
prints comes when both are over. (A shell would start the part in the background with SIGINT
ignored, and so would be every program that its tests start.)
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

WAITING = ("tests/system", "tests/phones", "tests/sipp", "tests/baresip")


def main() -> int:
    """Return 0 if both parts passed."""
    pytest = [sys.executable, "-m", "pytest", "-m", "not long"]
    with tempfile.TemporaryFile() as log:
        waiting = subprocess.Popen(
            [*pytest, "-p", "no:cacheprovider", *WAITING], stdout=log, stderr=subprocess.STDOUT
        )
        try:
            rest = subprocess.run([*pytest, *(f"--ignore={one}" for one in WAITING)], check=False)
            status = waiting.wait()
        finally:
            waiting.terminate()
        log.seek(0)
        sys.stdout.flush()
        sys.stdout.buffer.write(log.read())
        sys.stdout.buffer.flush()
    return rest.returncode or status


if __name__ == "__main__":
    sys.exit(main())
