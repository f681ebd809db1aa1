"""TIFF and BigTIFF, whose pictures come in more kinds than any one decoder knows.

Pillow reads some of these kinds as something else, and says nothing. So `tifffile` unpacks the
samples, and `tiff_colours` decides by the tags what they mean. What is read is read right; any
other kind is refused by its name.
"""

import io
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import tifffile
from attrs import frozen
from numpy.typing import NDArray
from tifffile import COMPRESSION, PHOTOMETRIC, PLANARCONFIG, PREDICTOR, SAMPLEFORMAT, TiffPage

from ..cost_limits import check_size
from ..errors import ImageTooLarge, UnreadableImage
from . import jpeg
from .stored import StoredPicture, cut_off, not_read
from .tiff_colours import Channels, channels_of, coloured
from .tiff_ycbcr import is_subsampled, subsampled_size, upsampled

# What it thinks of damaged files is nothing to the operator.
tifffile.logger().setLevel("CRITICAL")

# The others are those of cameras, microscopes and slides.
_COMPRESSIONS = (
    COMPRESSION.NONE,
    COMPRESSION.CCITTRLE,
    COMPRESSION.CCITT_T4,
    COMPRESSION.CCITT_T6,
    COMPRESSION.LZW,
    COMPRESSION.OJPEG,
    COMPRESSION.JPEG,
    COMPRESSION.ADOBE_DEFLATE,
    COMPRESSION.DEFLATE,
    COMPRESSION.PACKBITS,
    COMPRESSION.LZMA,
    COMPRESSION.ZSTD,
)
_JPEG = (COMPRESSION.OJPEG, COMPRESSION.JPEG)
_SAMPLE_FORMATS = (SAMPLEFORMAT.UINT, SAMPLEFORMAT.INT, SAMPLEFORMAT.IEEEFP, SAMPLEFORMAT.VOID)
_PREDICTED: Mapping[int, Sequence[int]] = {
    PREDICTOR.HORIZONTAL: (8, 16, 32, 64),
    PREDICTOR.FLOATINGPOINT: (16, 32, 64),
}
_RAW = (PHOTOMETRIC.CFA, PHOTOMETRIC.LINEAR_RAW)

# There may be small ones of the same picture before it, but hardly more.
_PAGES = 8
_REDUCED, _MASK = 1, 4  # bits of NewSubfileType

_ORIENTATION = 274
_SIZES = (279, 325, 514)  # of strips, of tiles, of a JPEG of the old kind
_DNG_VERSION = 50706


def read(data: bytes, max_pixels: int) -> StoredPicture:
    """Read the first page that is a whole picture."""
    # It would look closely at files of these microscopes, and stumble over what only claims to be.
    with tifffile.TiffFile(
        io.BytesIO(data), is_lsm=False, is_ndpi=False, is_scanimage=False
    ) as file:
        page = _picture_page(file)
        if page.photometric != PHOTOMETRIC.YCBCR:
            page.subsampling = None  # a tag that means nothing then
        check_size((page.imagewidth, page.imagelength), max_pixels)
        _check_kind(page, max_pixels)
        channels = channels_of(page)
        pixels, icc_profile = coloured(page, channels, _samples(page, channels, data))
        return StoredPicture(pixels, _orientation(page), icc_profile)


def _picture_page(file: tifffile.TiffFile) -> TiffPage:
    first = None
    for page in itertools.islice(_pages(file), _PAGES):
        if page.photometric in _RAW or _DNG_VERSION in page.tags:
            raise UnreadableImage("This is a camera's raw file: export the picture as JPEG")
        if not page.subfiletype & (_REDUCED | _MASK):
            return page
        first = first or page
    if first is None:
        raise UnreadableImage("The TIFF file has no page: send it again, whole")
    return first


def _pages(file: tifffile.TiffFile) -> Iterator[TiffPage]:
    """The pages of a file, and after each those below it."""
    for page in file.pages:
        assert isinstance(page, TiffPage)
        yield page
        with suppress(tifffile.TiffFileError, IndexError):
            for below in page.pages or ():
                assert isinstance(below, TiffPage)
                yield below


def _check_kind(page: TiffPage, max_pixels: int) -> None:
    """Raise `UnreadableImage` for a page of a kind that is not read."""
    if page.imagedepth > 1:
        raise not_read("A TIFF of a volume")
    if page.compression not in _COMPRESSIONS:
        raise not_read(f"A TIFF compressed by {_name(page.compression)}")
    if page.sampleformat not in _SAMPLE_FORMATS:
        raise not_read(f"A TIFF of samples of the format {_name(page.sampleformat)}")
    bits = page.bitspersample
    if page.dtype is None or not isinstance(bits, int) or 16 < bits < 32:
        raise not_read(f"A TIFF of {bits} bits")
    if page.predictor != PREDICTOR.NONE and (
        bits not in _PREDICTED.get(page.predictor, ())
        or (page.predictor == PREDICTOR.FLOATINGPOINT and page.dtype.kind != "f")
    ):
        kind = f"{_name(page.sampleformat)}, {bits} bits"
        raise not_read(f"A TIFF of {kind}, with the predictor {_name(page.predictor)}")
    if page.tilewidth * page.tilelength > max(max_pixels, 2**20):
        raise ImageTooLarge("The picture has tiles of far too many pixels: scale it down")


def _name(value: Any) -> str:
    return str(getattr(value, "name", value))


def _orientation(page: TiffPage) -> int:
    orientation = page.tags.valueof(_ORIENTATION)
    return orientation if orientation in range(1, 9) else 1


def _samples(page: TiffPage, channels: Channels, data: bytes) -> NDArray[Any]:
    """The wanted samples of a page, of shape (height, width, channels)."""
    wanted = list(channels.wanted)
    is_planar = page.planarconfig == PLANARCONFIG.SEPARATE and page.samplesperpixel > 1
    samples = np.zeros((page.imagelength, page.imagewidth, len(wanted)), page.dtype)
    for segment, content in _segments(page, data, wanted if is_planar else [0]):
        part = samples[segment.top :, segment.left :][: segment.rows, : segment.columns]
        unpacked = _unpacked(page, segment, content)[: len(part), : len(part[0])]
        if is_planar:
            part[..., wanted.index(segment.plane)] = unpacked[..., 0]
        elif unpacked.shape[-1] == len(wanted):
            part[...] = unpacked
        else:
            part[...] = unpacked[..., wanted]
    return samples


@frozen
class _Segment:
    """A strip or tile, where it is in the list of all and in the picture."""

    index: int
    plane: int
    top: int
    left: int
    rows: int
    columns: int


def _segments(
    page: TiffPage, data: bytes, planes: Sequence[int]
) -> Iterator[tuple[_Segment, bytes]]:
    """The segments of some planes, with what the file has of them."""
    expected = math.prod(page.chunked)
    offsets, sizes = page.dataoffsets, page.databytecounts
    if not any(tag in page.tags for tag in _SIZES):
        sizes = (0,) * expected
    if len(offsets) < expected or len(sizes) < expected:
        raise cut_off("TIFF", min(len(offsets), len(sizes)) / expected)
    is_empty = True
    for done, segment in enumerate(_places(page, planes)):
        offset, size = offsets[segment.index], sizes[segment.index]
        if offset == size == 0:
            continue  # left out on purpose: nothing is to be seen there
        if page.compression == COMPRESSION.NONE:
            # What is listed is often wrong, and need not be known.
            size = _size(page, segment) or size
        if size == 0 and expected == 1:
            size = len(data) - offset
        if size <= 0 or offset + size > len(data):
            raise cut_off("TIFF", done / expected)
        is_empty = False
        yield segment, data[offset : offset + size]
    if is_empty:
        raise UnreadableImage("The TIFF file has no picture in it: send it again, whole")


def _places(page: TiffPage, planes: Sequence[int]) -> Iterator[_Segment]:
    rows, columns = page.tilelength, page.tilewidth
    if not page.is_tiled:
        rows, columns = page.rowsperstrip, page.imagewidth
    down, across = math.ceil(page.imagelength / rows), math.ceil(page.imagewidth / columns)
    for plane, row, column in itertools.product(planes, range(down), range(across)):
        index = (plane * down + row) * across + column
        top = row * rows
        height = rows if page.is_tiled else min(rows, page.imagelength - top)
        yield _Segment(index, plane, top, column * columns, height, columns)


def _size(page: TiffPage, segment: _Segment) -> int:
    """How many bytes a segment has when it is not compressed; 0 if that cannot be told."""
    if is_subsampled(page):
        return subsampled_size(page, segment.rows, segment.columns)
    samples = page.samplesperpixel if page.planarconfig == PLANARCONFIG.CONTIG else 1
    return segment.rows * math.ceil(segment.columns * samples * page.bitspersample / 8)


def _unpacked(page: TiffPage, segment: _Segment, content: bytes) -> NDArray[Any]:
    """The samples of a segment, of shape (rows, columns, samples)."""
    if is_subsampled(page):
        return upsampled(page, content, segment.rows, segment.columns)
    if page.compression in _JPEG:
        _check_jpeg(content, segment)
    volume, _, _ = page.decode(content, segment.index, jpegtables=page.jpegtables)
    assert volume is not None
    unpacked: NDArray[Any] = volume[0]
    return unpacked


def _check_jpeg(content: bytes, segment: _Segment) -> None:
    """Raise `UnreadableImage` for a JPEG that is not as large as its segment."""
    frame = jpeg.frame_of(content)
    if frame is None:
        raise not_read("A TIFF compressed by the old kind of JPEG")
    jpeg.check_kind(frame, bits=(8, 12))
    # A tile may end where the picture does.
    if frame.width > segment.columns or frame.height > max(segment.rows, frame.unit[1]):
        raise UnreadableImage("The TIFF file is damaged: a part has a size of its own")
