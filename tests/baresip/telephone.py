"""A baresip process as telephone: a SIP stack that nobody here wrote, driven over its socket."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
import socket
import wave as wave_file
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np

from tests.certificates import Authority, Identity

BARESIP = shutil.which("baresip") or "/usr/bin/baresip"
_MODULES = "/usr/lib/baresip/modules"
HOST = "127.0.0.1"
TONE = 440  # Hz, which it sends


class Baresip:
    """One telephone `me`; use as a context manager. It answers by itself and sends a tone.

    `port` is that of UDP and TCP, `tls_port` the one after it.
    """

    def __init__(self, directory: Path, *, identity: Identity, authority: Authority) -> None:
        self._directory = directory
        self.port = _free_ports()
        self.tls_port = self.port + 1
        self._control_port = _free_ports()
        self._identity = identity
        self._authority = authority
        self._process: asyncio.subprocess.Process | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._reading: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self.events: deque[dict[str, Any]] = deque()
        self.answers: deque[dict[str, Any]] = deque()

    async def __aenter__(self) -> Baresip:
        self._directory.mkdir(parents=True, exist_ok=True)
        both = self._directory / "both.pem"
        both.write_text(self._identity.key.read_text() + self._identity.certificate.read_text())
        tone = self._directory / "tone.wav"
        wave = np.sin(np.arange(8000 * 60) * (2 * np.pi * TONE / 8000)) * 8000
        with wave_file.open(str(tone), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(wave.astype("<i2").tobytes())
        (self._directory / "config").write_text(
            f"""
sip_listen {HOST}:{self.port}
sip_certificate {both}
sip_cafile {self._authority.certificate}
audio_source aufile,{tone}
audio_player aufile,{self._directory}/heard.wav
audio_alert aufile,{self._directory}/alert.wav
rtp_ports 45000-45998
rtcp_mux no
module_path {_MODULES}
module g711.so
module aufile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen {HOST}:{self._control_port}
"""
        )
        (self._directory / "accounts").write_text(
            f"<sip:me@{HOST}:{self.port}>;regint=0;answermode=auto;audio_codecs=PCMU/8000/1\n"
        )
        (self._directory / "contacts").write_text("")
        with (self._directory / "output").open("wb") as output:
            self._process = await asyncio.create_subprocess_exec(
                BARESIP, "-f", str(self._directory), "-v",
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
            )  # fmt: skip
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._writer is not None:
            self._writer.close()
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(5):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()

    async def command(self, command: str, parameters: str = "") -> dict[str, Any]:
        """Have it do something; return what it says about that."""
        assert self._writer is not None
        self.answers.clear()
        text = json.dumps({"command": command, "params": parameters, "token": "t"}).encode()
        self._writer.write(b"%d:%b," % (len(text), text))
        async with asyncio.timeout(5):
            while not self.answers:
                self._changed.clear()
                await self._changed.wait()
        return self.answers.popleft()

    async def until(self, kind: str, *, seconds: float = 10.0) -> dict[str, Any]:
        """Wait for an event of this kind and take it, with all that came before."""
        try:
            async with asyncio.timeout(seconds):
                while True:
                    while self.events:
                        event = self.events.popleft()
                        if event.get("type") == kind:
                            return event
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {kind}; baresip says: {self.output()}") from None

    def output(self) -> str:
        """Return the end of what it has printed."""
        return (self._directory / "output").read_text(errors="replace")[-3000:]

    async def _connect(self) -> None:
        async with asyncio.timeout(10):
            while True:
                with contextlib.suppress(OSError):
                    reader, self._writer = await asyncio.open_connection(HOST, self._control_port)
                    break
                assert self._process is not None
                assert self._process.returncode is None, self.output()
                await asyncio.sleep(0.02)
        self._reading = asyncio.ensure_future(self._read(reader))

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                length = int((await reader.readuntil(b":"))[:-1])
                told = json.loads(await reader.readexactly(length))
                await reader.readexactly(1)
                (self.events if told.get("event") else self.answers).append(told)
                self._changed.set()


def _free_ports() -> int:
    """Return a port that is free together with the next one, for UDP and TCP."""
    for _ in range(100):
        with contextlib.ExitStack() as stack:
            first = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_STREAM))
            first.bind((HOST, 0))
            port: int = first.getsockname()[1]
            try:
                for kind, number in (
                    (socket.SOCK_STREAM, port + 1),
                    (socket.SOCK_DGRAM, port),
                    (socket.SOCK_DGRAM, port + 1),
                ):
                    stack.enter_context(socket.socket(socket.AF_INET, kind)).bind((HOST, number))
            except (OSError, OverflowError):
                continue
            return port
    raise AssertionError("no free ports")
