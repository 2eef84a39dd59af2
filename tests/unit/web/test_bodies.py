"""Bodies read in pieces, with limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from ringcast.web.bodies import UploadForm, read_body, read_upload
from ringcast.web.errors import BadRequest, BodyTooLarge

B = "frontier"


def request_of(
    chunks: Sequence[bytes], *, content_type: str = "", length: str = "", cut: bool = False
) -> Request:
    """Return a request whose body comes in these chunks, and with `cut` never ends well."""
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": True} for chunk in chunks
    ]
    last: Message = {"type": "http.request", "body": b"", "more_body": False}
    messages.append({"type": "http.disconnect"} if cut else last)
    waiting = iter(messages)

    async def receive() -> Message:
        return next(waiting)

    headers = [(b"content-type", content_type.encode()), (b"content-length", length.encode())]
    scope = {"type": "http", "method": "POST", "headers": [h for h in headers if h[1]]}
    return Request(scope, receive)


def part(disposition: str, content: bytes, *more: str) -> bytes:
    lines = [f"--{B}", f"Content-Disposition: form-data; {disposition}", *more, "", ""]
    return "\r\n".join(lines).encode() + content + b"\r\n"


END = f"--{B}--\r\n".encode()
FORM = f"multipart/form-data; boundary={B}"


async def upload(
    body: bytes, directory: Path, *, step: int = 7, limit: int = 1000, content_type: str = FORM
) -> tuple[UploadForm, bytes | None]:
    """Read a form that comes `step` bytes at a time; return it and its file's content."""
    chunks = [body[at : at + step] for at in range(0, len(body), step)]
    async with read_upload(
        request_of(chunks, content_type=content_type),
        file_part="file",
        limit=limit,
        directory=directory,
    ) as form:
        file = form.files.get("file")
        return form, None if file is None else file.path.read_bytes()


def is_empty(directory: Path) -> bool:
    return not any(directory.iterdir())


async def test_a_body_is_put_together() -> None:
    assert await read_body(request_of([b"ab", b"cd"]), limit=4) == b"abcd"
    assert await read_body(request_of([]), limit=4) == b""


async def test_a_body_over_the_limit_is_not_read_to_its_end() -> None:
    request = request_of([b"abc", b"de", b"never read"])
    with pytest.raises(BodyTooLarge) as refused:
        await read_body(request, limit=4)
    assert refused.value.limit == 4
    assert (await request.receive())["body"] == b"never read"


@pytest.mark.parametrize("length", ["5", "9" * 5000])
async def test_a_body_announced_too_large_is_not_read_at_all(length: str) -> None:
    request = request_of([b"abcde"], length=length)
    with pytest.raises(BodyTooLarge):
        await read_body(request, limit=4)
    assert (await request.receive())["body"] == b"abcde"


async def test_a_body_that_breaks_off_is_bad() -> None:
    with pytest.raises(BadRequest, match="broke off"):
        await read_body(request_of([b"ab"], cut=True), limit=4)


@pytest.mark.parametrize("step", [1, 7, 100_000])
async def test_a_form_gives_its_file_and_fields(tmp_path: Path, step: int) -> None:
    content = bytes(range(256)) + b"\r\n--" + B.encode()[:4]
    body = (
        part('name="name"', "Grüße".encode())
        + part('name="file"; filename="a/b\\\\c.wav"', content, "Content-Type: audio/x-wav")
        + END
    )
    form, read = await upload(body, tmp_path, step=step)
    assert form.fields == {"name": "Grüße"}
    assert read == content
    file = form.files["file"]
    assert (file.filename, file.size) == ("c.wav", len(content))
    assert is_empty(tmp_path)


async def test_the_file_part_may_lack_name_and_type(tmp_path: Path) -> None:
    form, read = await upload(part('name="file"', b"RIFF") + END, tmp_path)
    assert read == b"RIFF"
    assert form.files["file"].filename == ""


async def test_the_same_content_has_the_same_digest_whatever_the_boundary(tmp_path: Path) -> None:
    one, _ = await upload(part('name="file"', b"RIFF") + END, tmp_path)
    other = (part('name="file"', b"RIFF") + END).replace(B.encode(), b"else")
    two, _ = await upload(other, tmp_path, content_type="multipart/form-data; boundary=else")
    assert one.files["file"].sha256 == two.files["file"].sha256


async def test_a_large_file_is_written_as_it_comes(tmp_path: Path) -> None:
    content = b"x" * 3_000_000
    body = part('name="file"; filename="x"', content) + END
    _, read = await upload(body, tmp_path, step=65536, limit=len(content))
    assert read == content


async def test_a_file_over_the_limit_is_refused_and_removed(tmp_path: Path) -> None:
    body = part('name="file"; filename="x"', b"x" * 1001) + END
    with pytest.raises(BodyTooLarge) as refused:
        await upload(body, tmp_path)
    assert refused.value.limit == 1000
    assert is_empty(tmp_path)


async def test_what_surrounds_the_file_is_limited_too(tmp_path: Path) -> None:
    preamble = b"x" * 300_000 + b"\r\n"
    with pytest.raises((BodyTooLarge, BadRequest)):
        await upload(preamble + part('name="file"', b"x") + END, tmp_path, step=65536)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"", "before its last boundary"),
        (b"garbage", "cannot be read"),
        (part('name="file"', b"x"), "before its last boundary"),
        (part('filename="x"', b"x") + END, "no name"),
        (part('name="file"', b"x") + part('name="file"', b"x") + END, "more than one file"),
        (part('name="a"', b"x") + part('name="a"', b"x") + END, "twice"),
        (part('name="a"', b"\xff") + END, "UTF-8"),
        (part('name="a"', b"x" * 70_000) + END, "larger than"),
        (b"".join(part(f'name="{n}"', b"") for n in range(21)) + END, "more than 20 parts"),
    ],
)
async def test_a_form_that_is_none_is_bad(tmp_path: Path, body: bytes, why: str) -> None:
    with pytest.raises(BadRequest, match=why):
        await upload(body, tmp_path, step=65536)
    assert is_empty(tmp_path)


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "multipart/form-data", f"multipart/form-data; boundary={'x' * 300}"],
)
async def test_another_type_of_body_is_bad(tmp_path: Path, content_type: str) -> None:
    with pytest.raises(BadRequest):
        await upload(END, tmp_path, content_type=content_type)
