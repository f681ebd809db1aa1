"""What is given as an image: any file object is sent whole, or is an error that says why."""

import asyncio
import base64
import gzip
import io
import mmap
import re
import socket
import tarfile
import tempfile
import urllib.request
import zipfile
import zlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import urllib3
from botocore.response import StreamingBody
from django.conf import settings
from django.core.files.uploadedfile import (
    InMemoryUploadedFile,
    TemporaryUploadedFile,
    UploadedFile,
)
from starlette.datastructures import UploadFile

from visualsnoop import AsyncCollection, Collection, VisualSnoopError
from visualsnoop.exceptions import ImageInputError, ImageReadError, ImageTypeError

from .sockets import Listener, listening, read_head, response, session_response
from .sync_and_async import Connect

KEYS = ("0f1e2d3c4b5a69788796", "s" * 40)
DATA = bytes(range(256)) * 2500  # several of the pieces in which files are read
ADDED = (
    b'{"status": 201, "message": "Added", "collection_id": "5f3c9a01", "image_id": "beach",'
    b' "image_time": "2015-01-29T10:11:12.123456+00:00", "quality": 98}'
)


class Taker:
    """A service that keeps the bodies which it was sent whole."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    def serve(self, listener: Listener, connection: socket.socket) -> None:
        while data := read_head(listener, connection):
            head, _, rest = data.partition(b"\r\n\r\n")
            if head.startswith(b"GET"):
                connection.sendall(session_response())
                continue
            body = self._read_body(connection, head, rest)
            if body is None:
                return
            self.bodies.append(body)
            connection.sendall(response(201, ADDED))

    def _read_body(self, connection: socket.socket, head: bytes, rest: bytes) -> bytes | None:
        length = re.search(rb"\r\nContent-Length: (\d+)", head)
        while len(rest) < int(length[1]) if length else not rest.endswith(b"0\r\n\r\n"):
            piece = connection.recv(65536)
            if not piece:
                return None
            rest += piece
        return rest if length else unchunked(rest)


def unchunked(body: bytes) -> bytes:
    data = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if int(size, 16) == 0:
            return data
        data += body[: int(size, 16)]
        body = body[int(size, 16) + 2 :]


@contextmanager
def taking(connect: Connect) -> Iterator[tuple[Collection, Taker]]:
    taker = Taker()
    with listening(taker.serve) as listener, connect(*KEYS, listener.endpoint) as collection:
        yield collection, taker


class Spooled(tempfile.SpooledTemporaryFile[bytes]):
    """As multipart parsers have it."""

    def __init__(self) -> None:
        super().__init__(max_size=1000)
        self.write(DATA)
        self.seek(0)


class Reader:
    """A file object that can only be read."""

    def __init__(self, data: bytes = DATA) -> None:
        self._file = io.BytesIO(data)

    def read(self, size: int = -1, /) -> bytes:
        return self._file.read(size)


def body_of_boto3() -> Any:
    return StreamingBody(io.BytesIO(DATA), len(DATA))


def upload_of_django(kind: type[UploadedFile]) -> Any:
    """An upload as a view gets it: large ones are in a file, small ones in memory."""
    if not settings.configured:
        settings.configure()
    if kind is TemporaryUploadedFile:
        upload = TemporaryUploadedFile("beach.jpg", "image/jpeg", len(DATA), None)
        upload.write(DATA)
        upload.seek(0)
        return upload
    file = io.BytesIO(DATA)
    return InMemoryUploadedFile(file, "image", "beach.jpg", "image/jpeg", len(DATA), None)


class OddFile(Reader):
    """`seek` returns nothing, and iteration gives lines."""

    name = "beach.jpg"

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._file)

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, position: int, whence: int = 0) -> None:
        self._file.seek(position, whence)


class Unseekable(OddFile):
    """Says that it can seek, and cannot."""

    def seek(self, position: int, whence: int = 0) -> None:
        raise OSError("seeking backwards is not allowed")


class SaysItIsEmpty(OddFile):
    """As the files of /proc, which have no size."""

    def seek(self, position: int, whence: int = 0) -> None:
        self._file.seek(position if whence == io.SEEK_SET else 0)


class ShortReads(Reader):
    """Gives less than it was asked for, as raw files may."""

    def read(self, size: int = -1, /) -> bytes:
        return super().read(min(size, 1000))


class GivesBuffers(Reader):
    def read(self, size: int = -1, /) -> Any:
        return memoryview(bytearray(super().read(size)))


def member_of_tar(mode: Any) -> Callable[[Path], Any]:
    def member(folder: Path) -> Any:
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w:gz") as tar:
            for name in ("first", "beach.jpg"):
                info = tarfile.TarInfo(name)
                info.size = len(DATA)
                tar.addfile(info, io.BytesIO(DATA))
        file.seek(0)
        archive = tarfile.TarFile.open(fileobj=file, mode=mode)
        return next(archive.extractfile(info) for info in archive if info.name == "beach.jpg")

    return member


def member_of_zip(folder: Path) -> Any:
    with zipfile.ZipFile(folder / "photos.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("beach.jpg", DATA)
    return zipfile.ZipFile(folder / "photos.zip").open("beach.jpg")


def mapped(folder: Path) -> Any:
    (folder / "beach.jpg").write_bytes(DATA)
    with (folder / "beach.jpg").open("rb") as file:
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def raw(folder: Path) -> Any:
    (folder / "beach.jpg").write_bytes(DATA)
    return (folder / "beach.jpg").open("rb", buffering=0)


def from_position(folder: Path) -> Any:
    file = io.BytesIO(b"some header" + DATA)
    file.seek(len(b"some header"))
    return file


@pytest.mark.parametrize(
    "image",
    [
        member_of_tar("r|gz"),
        member_of_tar("r:gz"),
        member_of_zip,
        mapped,
        raw,
        from_position,
        lambda folder: gzip.GzipFile(fileobj=io.BytesIO(gzip.compress(DATA))),
        lambda folder: Spooled(),
        lambda folder: Reader(),
        lambda folder: body_of_boto3(),
        lambda folder: upload_of_django(InMemoryUploadedFile),
        lambda folder: upload_of_django(TemporaryUploadedFile),
        lambda folder: OddFile(),
        lambda folder: Unseekable(),
        lambda folder: SaysItIsEmpty(),
        lambda folder: ShortReads(),
        lambda folder: GivesBuffers(),
        lambda folder: [DATA[:100], b"", bytearray(DATA[100:])],
        lambda folder: memoryview(DATA),
    ],
)
def test_any_file_object_is_sent_whole(
    connect: Connect, image: Callable[[Path], Any], tmp_path: Path
) -> None:
    with taking(connect) as (collection, taker):
        file = image(tmp_path)
        collection.add_image(file, "beach")
        assert taker.bodies == [DATA]
        if hasattr(file, "close"):
            assert not getattr(file, "closed", False)
            file.close()


def serve_image(listener: Listener, connection: socket.socket) -> None:
    while read_head(listener, connection):
        connection.sendall(response(200, DATA))


@pytest.mark.parametrize(
    "download",
    [
        urllib.request.urlopen,
        lambda url: requests.get(url, stream=True, timeout=10).raw,
        lambda url: urllib3.request("GET", url, preload_content=False),
        lambda url: requests.get(url, stream=True, timeout=10).iter_content(1000),
        lambda url: httpx.get(url).iter_bytes(),
    ],
    ids=["urllib", "requests raw", "urllib3", "requests", "httpx"],
)
def test_download_is_sent_as_it_comes(connect: Connect, download: Callable[[str], Any]) -> None:
    with listening(serve_image) as source, taking(connect) as (collection, taker):
        image = download(source.endpoint)
        collection.add_image(image, "beach")
        assert taker.bodies == [DATA]
        image.close()


def asynchronous(use: Callable[[AsyncCollection], Any]) -> Taker:
    async def main() -> None:
        async with AsyncCollection(*KEYS, listener.endpoint) as collection:
            await use(collection)

    taker = Taker()
    with listening(taker.serve) as listener:
        asyncio.run(main())
    return taker


class AsyncFile:
    """As aiofiles and AnyIO have it: iteration gives lines."""

    def __init__(self) -> None:
        self._file = io.BytesIO(DATA)
        self.sizes: list[int] = []

    async def read(self, size: int = -1, /) -> bytes:
        self.sizes.append(size)
        return self._file.read(size)

    async def seekable(self) -> bool:
        return True

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise AssertionError("read in pieces, not in lines")


def test_asynchronous_file_objects_are_read_to_their_end() -> None:
    async def use(collection: AsyncCollection) -> None:
        reader = asyncio.StreamReader()
        reader.feed_data(DATA)
        reader.feed_eof()
        for image in (UploadFile(io.BytesIO(DATA)), AsyncFile(), reader):
            await collection.add_image(image, "beach")
        async for outcome in collection.add_images([("shore", AsyncFile())]):
            assert outcome.error is None

    assert asynchronous(use).bodies == [DATA] * 4


def test_file_of_a_web_framework_is_an_image_of_the_collection(connect: Connect) -> None:
    with taking(connect) as (collection, taker):
        collection.add_image(UploadFile(io.BytesIO(DATA)).file, "beach")
        assert taker.bodies == [DATA]


async def pieces() -> AsyncIterator[bytes]:
    yield DATA


@pytest.mark.parametrize(
    ("image", "what_to_pass"),
    [
        (UploadFile(io.BytesIO(DATA)), "image.file, or use AsyncCollection"),
        (AsyncFile(), r"await image.read\(\)\), or use AsyncCollection"),
        (pieces(), "use AsyncCollection"),
    ],
)
def test_asynchronous_image_of_the_blocking_collection_is_an_error_that_says_what_to_pass(
    image: Any, what_to_pass: str
) -> None:
    with taking(Collection) as (collection, taker):
        for give in (collection.add_image, collection.search_images):
            with pytest.raises(ImageTypeError, match=what_to_pass):
                give(image)
        (outcome,) = collection.add_images([("beach", image)])
        assert isinstance(outcome.error, ImageTypeError)
        assert taker.bodies == []


def test_coroutine_in_the_place_of_bytes_is_an_error(connect: Connect) -> None:
    class Hidden:
        def read(self, size: int) -> Any:
            return AsyncFile().read(size)

    with taking(connect) as (collection, _), pytest.raises(ImageTypeError, match="asynchronous"):
        collection.add_image(Hidden())


class Closed(io.BytesIO):
    """As a file that was closed, in whatever way it is asked."""

    def __init__(self) -> None:
        super().__init__(DATA)
        self.close()


class NonBlocking(Reader):
    def read(self, size: int = -1, /) -> Any:
        return None


class TakesNoSize:
    def read(self) -> bytes:
        return DATA


class Broken(Reader):
    @property
    def name(self) -> str:
        raise RuntimeError("no name")

    def read(self, size: int = -1, /) -> bytes:
        raise zlib.error("invalid distance too far back")


BASE64 = base64.b64encode(Path(__file__).with_name("photos").joinpath("cat.jpg").read_bytes())


@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        (b"", ImageInputError, "image of type bytes is empty"),
        (bytearray(), ImageInputError, "empty"),
        ([], ImageInputError, "empty"),
        (iter([b"", b""]), ImageInputError, "empty"),
        (io.BytesIO(), ImageInputError, "read to its end"),
        (BASE64.decode(), ImageInputError, "base64.b64decode"),
        (BASE64.decode()[:100], ImageInputError, "base64.b64decode"),
        ("data:image/png;base64," + "A" * 100_000, ImageInputError, "data: URL.*b64decode"),
        ("https://example.org/beach.jpg", ImageInputError, "download"),
        ("HTTP://example.org/beach.jpg", ImageInputError, "download"),
        ("s3://photos/beach.jpg", ImageInputError, "download"),
        ("words " * 20_000, ImageInputError, "text of 120000 characters"),
        ("<svg>\n</svg>", ImageInputError, "text of 12 characters"),
        ("a\0b", ImageInputError, "no path"),
        (io.StringIO("words"), ImageTypeError, "text mode.*'rb'"),
        (["words"], ImageTypeError, "bytes, not str"),
        ([1, 2], ImageTypeError, "bytes, not int"),
        ({"image": b"data"}, ImageTypeError, "not dict"),
        (None, ImageTypeError, "not NoneType"),
        (17, ImageTypeError, "not int"),
        (NonBlocking(), ImageTypeError, "not NoneType"),
        (Closed(), ImageReadError, "closed"),
        (TakesNoSize(), ImageReadError, "TypeError"),
        (Broken(), ImageReadError, "invalid distance"),
    ],
)
def test_what_cannot_be_an_image_is_a_short_error_before_anything_is_sent(
    connect: Connect, image: Any, kind: type[ImageInputError], message: str
) -> None:
    with taking(connect) as (collection, taker):
        with pytest.raises(kind, match=message) as caught:
            collection.add_image(image)
        assert isinstance(caught.value, VisualSnoopError)
        assert isinstance(caught.value, ValueError)
        assert len(str(caught.value)) < 400
        (outcome,) = collection.add_images([("beach", image)])
        assert isinstance(outcome.error, kind)
        assert taker.bodies == []


@pytest.mark.parametrize("image", [f"{'x' * 200}/{'y' * 200}.jpg", Path("z" * 3000)])
def test_long_path_that_cannot_be_opened_is_not_repeated(connect: Connect, image: Any) -> None:
    with taking(connect) as (collection, _), pytest.raises(OSError) as caught:
        collection.add_image(image)
    assert len(str(caught.value)) < 400


class Failing(OddFile):
    """Fails when it is half read."""

    error: Exception = zlib.error("incorrect data check")

    def read(self, size: int = -1, /) -> Any:
        if self._file.tell() >= len(DATA) // 2:
            return self.fail(size)
        return super().read(size)

    def fail(self, size: int) -> Any:
        raise self.error


class FailingReader(Failing):
    def seekable(self) -> bool:
        return False


class FailingConnection(FailingReader):
    error = ConnectionResetError("reset by peer")


class Shrinking(Failing):
    def fail(self, size: int) -> bytes:
        return b""


class Growing(Failing):
    def fail(self, size: int) -> bytes:
        return bytes(size + 1)


class TurningIntoText(FailingReader):
    def fail(self, size: int) -> str:
        return "words"


def half(error: Exception) -> Iterator[bytes]:
    yield DATA[: len(DATA) // 2]
    raise error


@pytest.mark.parametrize(
    ("image", "kind", "message"),
    [
        (Failing, ImageReadError, "incorrect data check"),
        (FailingReader, ImageReadError, "incorrect data check"),
        (FailingConnection, ImageReadError, "ConnectionResetError: reset by peer"),
        (Shrinking, ImageReadError, "shorter"),
        (Growing, ImageReadError, "more bytes"),
        (TurningIntoText, ImageTypeError, "text mode"),
        (lambda: half(RuntimeError("gone")), ImageReadError, "RuntimeError: gone"),
        (lambda: half(httpx.ReadError("broke")), ImageReadError, "ReadError: broke"),
        (lambda: half(httpx.ConnectTimeout("late")), ImageReadError, "ConnectTimeout: late"),
        (lambda: half(RuntimeError("x" * 100_000)), ImageReadError, "RuntimeError: xxx"),
    ],
)
def test_image_that_fails_half_read_is_an_error_and_not_stored(
    connect: Connect, image: Callable[[], Any], kind: type[ImageInputError], message: str
) -> None:
    with taking(connect) as (collection, taker):
        with pytest.raises(kind, match=message) as caught:
            collection.add_image(image())
        assert len(str(caught.value)) < 400
        assert collection.add_image(DATA).message == "Added"
        assert taker.bodies == [DATA]


def break_off(listener: Listener, connection: socket.socket) -> None:
    read_head(listener, connection)
    connection.sendall(response(200, DATA)[: len(DATA) // 2])


@pytest.mark.parametrize(
    "download",
    [
        urllib.request.urlopen,
        lambda url: requests.get(url, stream=True, timeout=10).raw,
        lambda url: urllib3.request("GET", url, preload_content=False),
    ],
    ids=["urllib", "requests raw", "urllib3"],
)
def test_download_that_breaks_off_is_an_error_and_not_stored(
    connect: Connect, download: Callable[[str], Any]
) -> None:
    with listening(break_off) as source, taking(connect) as (collection, taker):
        image = download(source.endpoint)
        with pytest.raises(ImageReadError):
            collection.add_image(image)
        image.close()
        assert taker.bodies == []


def test_file_that_is_opened_while_its_call_is_cancelled_is_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "beach.jpg").write_bytes(DATA)
    opened: list[Any] = []

    async def main() -> None:
        def open_late(*args: Any) -> Any:
            loop.call_soon_threadsafe(call.cancel)
            opened.append(io.BufferedReader(io.FileIO(args[0])))
            return opened[-1]

        monkeypatch.setattr("visualsnoop._uploads.open", open_late, raising=False)
        loop = asyncio.get_running_loop()
        collection = AsyncCollection(*KEYS, "http://127.0.0.1:1/api/v1")
        call = asyncio.create_task(collection.add_image(tmp_path / "beach.jpg"))
        with pytest.raises(asyncio.CancelledError):
            await call

    asyncio.run(main())
    assert [file.closed for file in opened] == [True]
