"""What the figures were measured on, and what processes have used of it."""

from __future__ import annotations

import os
import platform
import re
import resource
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import psutil

from tests.sipp.runner import SIPP

_PSS = re.compile(r"^Pss:\s+(\d+) kB", re.MULTILINE)


def describe() -> list[str]:
    """Return lines on the machine and on the versions that matter."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "uvloop", "msgspec"))
    right = (
        "root: media workers in the real-time class" if os.geteuid() == 0 else "an ordinary user"
    )
    return [
        f"Machine: {os.cpu_count()} cores, {_cpu_model()}, Linux {platform.release()};"
        f" run as {right}",
        f"Versions: Python {platform.python_version()} ({_python_build()}), {packages},"
        f" SIPp {_sipp_version()}",
    ]


def load() -> float:
    """Return the load average of the last minute."""
    return os.getloadavg()[0]


def raise_file_limit() -> None:
    """Let this process, and what it starts, have as many descriptors as it may."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def cpu_seconds(pids: Sequence[int]) -> float:
    """Return utime + stime of the processes together."""
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in pids)


def own_seconds() -> float:
    """Return the CPU seconds of this process and of all it has started that have ended."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def busy_seconds() -> float:
    """Return CPU seconds of all that runs on this machine, and of its host in our stead (steal)."""
    times = psutil.cpu_times()
    return float(times.user + times.nice + times.system + times.irq + times.softirq + times.steal)


def memory_bytes(pids: Sequence[int]) -> int:
    """Return the memory of the processes; pages that several share count by shares (PSS)."""
    texts = [Path(f"/proc/{pid}/smaps_rollup").read_text() for pid in pids]
    return 1024 * sum(int(kilobytes) for text in texts for kilobytes in _PSS.findall(text))


def process_tree(pid: int) -> list[int]:
    """Return the process and all that it has started."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def datagrams_dropped() -> int:
    """Return how many datagrams this machine has dropped because a socket's buffer was full."""
    names, values = [
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if "Udp:" in line
    ][:2]
    return int(values[names.index("RcvbufErrors")])


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()


def _python_build() -> str:
    """Say whose interpreter it is: builds of one version differ by half in speed."""
    return "the system's" if sys.base_prefix == "/usr" else "not the system's"


def _sipp_version() -> str:
    said = subprocess.run([SIPP, "-v"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"SIPp v([\w.]+)", said)
    return found[1] if found else "unknown"
