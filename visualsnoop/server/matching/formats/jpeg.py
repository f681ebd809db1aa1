"""JPEG, as tolerant as the programs that people look at pictures with.

Of a file's segments those are kept that describe the picture, so that no broken metadata, no bytes
between segments and nothing before the file matter. A file that ends too early is read if next to
nothing of the picture is missing.
"""

import io
import itertools
import random
import re
import struct
from collections.abc import Iterator, Sequence

import numpy as np
from attrs import define, field, frozen
from PIL import Image

from ..cost_limits import check_scans, check_size
from ..errors import UnreadableImage
from ..scaling import fitted_size
from .stored import StoredPicture, cut_off, not_read, orientation_of

SIGNATURE = b"\xff\xd8"

# Markers (ITU-T T.81, table B.1).
_SOI, _EOI, _SOS, _DHT, _DAC, _DNL, _DQT, _DRI = 0xD8, 0xD9, 0xDA, 0xC4, 0xCC, 0xDC, 0xDB, 0xDD
_RST0 = 0xD0
_APP0, _APP1, _APP2, _APP14 = 0xE0, 0xE1, 0xE2, 0xEE
_SOF = frozenset(range(0xC0, 0xD0)) - {_DHT, 0xC8, _DAC}
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers that have no data
_FRAMES_READ = {0xC0, 0xC1, 0xC2, 0xC9, 0xCA}
_PROGRESSIVE = {0xC2, 0xCA}
_LOSSLESS = {0xC3, 0xCB}
_NEEDED = _SOF | {_DHT, _DAC, _DQT, _DRI}

_EXIF = b"Exif\0\0"
_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_ICC = b"ICC_PROFILE\0"

_END = bytes([0xFF, _EOI])
_SCAN = re.compile(rb"\xff\xda..", re.DOTALL)
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")

# Of a file that is cut off, so much of the rows must be there.
_ENOUGH = 0.995


@frozen
class Frame:
    """What a JPEG says of its picture before it begins.

    Attributes:
        marker: Of which kind it is.
        bits: How many a sample has.
        width, height: In pixels.
        components: Of each, its name, and how many blocks across and down it has in a unit.
    """

    marker: int
    bits: int
    width: int
    height: int
    components: Sequence[tuple[int, int, int]]

    @property
    def unit(self) -> tuple[int, int]:
        """Width and height, in pixels, of the units in which it is coded."""
        _, across, down = zip(*self.components, strict=True)
        return 8 * max(across), 8 * max(down)


@define
class _Jpeg:
    """What matters of a file: the segments that the decoder needs, and some of the others."""

    kept: list[bytes | memoryview] = field(factory=list)
    frame: Frame | None = None
    has_end: bool = False
    exif: bytes = b""
    xmp: bytes = b""
    profile_pieces: dict[int, bytes] = field(factory=dict)


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read a picture, scaled by the decoder where it is much larger than is needed."""
    jpeg = _parsed(data)
    if jpeg.frame is None:
        raise cut_off("JPEG", 0)
    check_kind(jpeg.frame)
    check_size((jpeg.frame.width, jpeg.frame.height), max_pixels)
    stream = b"".join([SIGNATURE, *jpeg.kept])
    check_scans(stream, (jpeg.frame.width, jpeg.frame.height))
    pixels = _decoded(stream, jpeg.frame, has_end=jpeg.has_end)
    profile = b"".join(piece for _, piece in sorted(jpeg.profile_pieces.items()))
    size = (jpeg.frame.width, jpeg.frame.height)
    return StoredPicture(pixels, orientation_of(jpeg.exif, jpeg.xmp), profile or None, size)


def frame_of(data: bytes) -> Frame | None:
    """The frame of a JPEG, or None if it has none before its picture begins."""
    for marker, start, end in _segments(data):
        if marker in _SOF:
            return _frame(marker, data[start:end])
    return None


def check_kind(frame: Frame, bits: Sequence[int] = (8,)) -> None:
    """Raise `UnreadableImage` for a kind of JPEG that is not read."""
    if frame.marker in _LOSSLESS:
        raise not_read("A lossless JPEG")
    if frame.marker not in _FRAMES_READ:
        raise not_read("A hierarchical JPEG")
    if frame.bits not in bits:
        raise not_read(f"A JPEG of {frame.bits} bits a colour")
    if frame.height == 0:
        raise not_read("A JPEG that tells its height only at its end")
    if len(frame.components) not in (1, 3, 4):
        raise not_read(f"A JPEG of {len(frame.components)} colours")


def _segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """The segments up to the first scan: marker, start and end of what follows its length."""
    place = 0 if data.startswith(SIGNATURE) else data.find(SIGNATURE + b"\xff")
    while place >= 0 and (place := data.find(b"\xff", place)) >= 0:
        marker = data[place + 1] if place + 1 < len(data) else _EOI
        if marker == 0xFF:  # fill
            place += 1
        elif marker == 0 or marker in _ALONE:
            place += 2
        elif marker == _EOI:
            return
        else:
            start = place + 4
            end = place + 2 + int.from_bytes(data[place + 2 : start])
            yield marker, start, max(end, start)
            if marker == _SOS:
                return
            place = max(end, start)


def _parsed(data: bytes) -> _Jpeg:
    jpeg = _Jpeg()
    for marker, start, end in _segments(data):
        content = data[start:end]
        is_jfif = marker == _APP0 and content.startswith(b"JFIF\0") and len(content) >= 14
        is_adobe = marker == _APP14 and content.startswith(b"Adobe") and len(content) >= 12
        if marker == _SOS:
            jpeg.kept.append(memoryview(data)[start - 4 :])
            jpeg.has_end = data.rfind(_END, start) >= 0
            return jpeg
        if marker in _NEEDED or is_jfif or is_adobe:
            jpeg.kept.append(data[start - 4 : end])
        if marker in _SOF:
            jpeg.frame = _frame(marker, content)
        elif marker == _APP1 and content.startswith(_EXIF):
            jpeg.exif += content[len(_EXIF) if jpeg.exif else 0 :]
        elif marker == _APP1 and content.startswith(_XMP):
            jpeg.xmp = jpeg.xmp or content
        elif marker == _APP2 and content.startswith(_ICC) and len(content) > 14:
            jpeg.profile_pieces[content[12]] = content[14:]
    return _Jpeg()  # it ends before its picture begins


def _frame(marker: int, content: bytes) -> Frame:
    bits, height, width, count = struct.unpack_from(">BHHB", content)
    parts = [content[6 + 3 * part : 9 + 3 * part] for part in range(count)]
    if not parts or len(parts[-1]) < 3:
        raise UnreadableImage("The JPEG file is damaged where it begins: send it again, whole")
    components = [(part[0], max(1, part[1] >> 4), max(1, part[1] & 15)) for part in parts]
    return Frame(marker, bits, width, height, components)


def _decoded(stream: bytes, frame: Frame, *, has_end: bool) -> Image.Image:
    if not has_end:
        stream = _without_padding(stream)
        _check_share(stream, frame)
        return _loaded(stream + _END)
    picture = _loaded(stream)
    if _ends_in_grey(picture):
        # It may have been given an end, but not what was before it.
        _check_share(stream[: stream.rfind(_END)], frame)
    return picture


def _loaded(stream: bytes, size: tuple[int, int] | None = None) -> Image.Image:
    """The picture, scaled down by the decoder if it is much larger than is needed or than `size`.

    It can do so by 2, 4 or 8, at a fraction of the cost of doing so afterwards.
    """
    with Image.open(io.BytesIO(stream), formats=["JPEG"]) as opened:
        opened.draft(None, size or fitted_size(opened.size))
        opened.load()
        return opened


def _without_padding(stream: bytes) -> bytes:
    """The stream without the zeros that may stand for its end, ready to be continued."""
    stream = stream.rstrip(b"\0")
    return stream + b"\0" if stream.endswith(b"\xff") else stream


def _ends_in_grey(picture: Image.Image) -> bool:
    """Whether its last corner is of the grey that the decoder puts where nothing is there."""
    width, height = picture.size
    corner = picture.crop((width * 3 // 4, height - 1, width, height))
    return all(127 <= level <= 128 for level in corner.tobytes())


def _check_share(stream: bytes, frame: Frame) -> None:
    """Raise `UnreadableImage` if more than next to nothing is missing at the end of a stream.

    What is missing is found by continuing the stream with noise, in two ways: where the two
    pictures begin to differ, it ended. In a progressive JPEG that is where its last scan ended.
    """
    scans = list(_scans(stream, frame))
    missing = {(part, place) for part, _, _ in frame.components for place in range(64)}
    for scan in scans:
        missing -= scan
    share = 0.0 if missing else _share_of_last_scan(stream, frame)
    # Each scan adds its part to each row.
    if 1 - share > (1 - _ENOUGH) * len(scans):
        raise cut_off("JPEG", share)


def _scans(stream: bytes, frame: Frame) -> Iterator[set[tuple[int, int]]]:
    """What each scan brings to full precision: components and places of their coefficients."""
    for match in _SCAN.finditer(stream):
        count = stream[match.end()] if match.end() < len(stream) else 0
        header = stream[match.end() + 1 : match.end() + 2 * count + 4]
        if len(header) == 2 * count + 3:
            first, last, precision = header[-3:]
            if frame.marker not in _PROGRESSIVE:
                first, last, precision = 0, 63, 0
            places = range(first, last + 1) if precision & 15 == 0 else ()
            yield set(itertools.product(header[:-3:2], places))


def _share_of_last_scan(stream: bytes, frame: Frame) -> float:
    """Which share of the picture the last scan reaches, 0 to 1."""
    # What AC coefficients add is seen in full size only.
    is_progressive = frame.marker in _PROGRESSIVE
    size = (frame.width, frame.height) if is_progressive else (1, 1)
    one, other = (np.asarray(_loaded(stream + noise + _END, size)) for noise in _noises(stream))
    rows, columns = np.nonzero((one != other).reshape(*one.shape[:2], -1).any(axis=2))
    if not rows.size:
        return 1
    scale = -(-frame.width // one.shape[1])
    # Smooth chroma reaches two pixels into the neighbouring unit.
    reach = 2 if scale == 1 else 0
    width, height = frame.unit[0] // scale, frame.unit[1] // scale
    row = (int(rows[0]) + reach) // height
    column = (int(columns[rows < (row + 1) * height].min()) + reach) // width
    down, across = -(-one.shape[0] // height), -(-one.shape[1] // width)
    share: float = (row * across + column) / (across * down)
    return share


def _noises(stream: bytes) -> Iterator[bytes]:
    """Bytes that continue a stream, be it before a restart or anywhere else."""
    restarts = _RESTART.findall(stream)
    due = (restarts[-1][1] + 1) % 8 if restarts else 0
    for seed in (1, 2):
        dice = random.Random(seed)
        before, after = (dice.randbytes(2000).replace(b"\xff", b"") for _ in range(2))
        yield before + bytes([0xFF, _RST0 + due]) + after
