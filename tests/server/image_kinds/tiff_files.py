"""Writing TIFF files of every kind, byte by byte, so that they owe nothing to what reads them."""

import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import imagecodecs
import numpy as np
from numpy.typing import NDArray

WHITE_IS_ZERO, GREY, RGB, PALETTE, MASK, CMYK, YCBCR = range(7)
CIELAB, ICCLAB = 8, 9
UINT, INT, FLOAT, COMPLEX = 1, 2, 3, 6
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = range(3)

# Number, and what packs the bytes of a strip or tile.
COMPRESSIONS: Mapping[str, tuple[int, Callable[[bytes], bytes | bytearray]]] = {
    "none": (1, bytes),
    "LZW": (5, imagecodecs.lzw_encode),
    "deflate": (8, zlib.compress),
    "old deflate": (32946, zlib.compress),
    "PackBits": (32773, imagecodecs.packbits_encode),
    "LZMA": (34925, imagecodecs.lzma_encode),
    "Zstandard": (50000, imagecodecs.zstd_encode),
}

Tags: TypeAlias = Mapping[int, tuple[str, Sequence[Any]] | None]
ByteOrder: TypeAlias = Literal["<", ">"]


def tiff(
    samples: NDArray[Any],
    photometric: int | None,
    *,
    bits: int | None = None,
    sample_format: int = UINT,
    extra: Sequence[int] | None = None,
    byte_order: ByteOrder = "<",
    is_big: bool = False,
    is_planar: bool = False,
    tile: tuple[int, int] | None = None,
    rows: int = 40,
    compression: str = "none",
    predictor: int = 1,
    is_bit_order_reversed: bool = False,
    tags: Tags | None = None,
) -> bytes:
    """A TIFF file with one page.

    Args:
        samples: Of shape (height, width, samples).
        photometric: What they mean; None for no such tag.
        bits: How many each has; those of their type if nothing is said.
        sample_format: Of which type they are.
        extra: What those are that are not colours; None for no such tag.
        byte_order: As in `struct`.
        is_big: Whether it is a BigTIFF.
        is_planar: Whether the samples of one kind are stored together.
        tile: Rows and columns of a tile; None for strips.
        rows: How many a strip has.
        compression: One of `COMPRESSIONS`.
        predictor: 1 for none, 2 for differences, 3 for those of floating-point numbers.
        is_bit_order_reversed: Whether the first pixel is in the lowest bits of a byte.
        tags: More tags, or others than these; None removes one.
    """
    bits = bits or samples.dtype.itemsize * 8
    height, width, count = samples.shape
    code, compress = COMPRESSIONS[compression]
    segments = []
    for piece in pieces(samples, tile or (rows, width), is_planar, pad=tile is not None):
        data = packed(predicted(piece, predictor), bits, byte_order, predictor)
        data = bytes(compress(data))
        segments.append(bits_reversed(data) if is_bit_order_reversed else data)
    own: dict[int, tuple[str, Sequence[Any]] | None] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", [bits] * count),
        259: ("H", [code]),
        262: None if photometric is None else ("H", [photometric]),
        277: ("H", [count]),
        284: ("H", [2 if is_planar else 1]),
        339: ("H", [sample_format] * count),
    }
    if tile:
        own |= {322: ("I", [tile[1]]), 323: ("I", [tile[0]])}
    else:
        own |= {278: ("I", [rows])}
    if extra is not None:
        own[338] = ("H", extra)
    if predictor != 1:
        own[317] = ("H", [predictor])
    if is_bit_order_reversed:
        own[266] = ("H", [2])
    places = (324, 325) if tile else (273, 279)
    return assembled([(own | dict(tags or {}), segments, places)], byte_order, is_big)


def pieces(
    samples: NDArray[Any], size: tuple[int, int], is_planar: bool, pad: bool
) -> Iterator[NDArray[Any]]:
    """The strips or tiles of a picture, in the order of their lists."""
    planes = np.split(samples, samples.shape[2], axis=2) if is_planar else [samples]
    for plane in planes:
        for top in range(0, plane.shape[0], size[0]):
            for left in range(0, plane.shape[1], size[1]):
                piece = plane[top : top + size[0], left : left + size[1]]
                if pad:
                    missing = [(0, size[0] - len(piece)), (0, size[1] - len(piece[0])), (0, 0)]
                    piece = np.pad(piece, missing)
                yield piece


def predicted(piece: NDArray[Any], predictor: int) -> NDArray[Any]:
    """What is left of samples when what is to the left of them has been taken away."""
    if predictor == 2:
        return np.diff(piece, axis=1, prepend=np.zeros_like(piece[:, :1]))
    if predictor == 3:
        # Adobe's TIFF Technical Note 3: rows of bytes, the highest of all samples first.
        rows, columns, count = piece.shape
        size = piece.dtype.itemsize
        split = piece.astype(piece.dtype.newbyteorder(">")).view(np.uint8)
        split = split.reshape(rows, columns * count, size).swapaxes(1, 2).reshape(rows, -1, count)
        return np.diff(split, axis=1, prepend=np.zeros_like(split[:, :1]))
    return piece


def packed(piece: NDArray[Any], bits: int, byte_order: ByteOrder, predictor: int = 1) -> bytes:
    """The bytes of samples, each row from a new byte on."""
    if predictor == 3 or bits == 8 * piece.dtype.itemsize:
        return piece.astype(piece.dtype.newbyteorder(byte_order)).tobytes()
    flat = piece.reshape(len(piece), -1, 1).astype(np.uint64)
    separate = flat >> np.arange(bits - 1, -1, -1, dtype=np.uint64) & np.uint64(1)
    return np.packbits(separate.reshape(len(piece), -1).astype(np.uint8), axis=1).tobytes()


def bits_reversed(data: bytes) -> bytes:
    bits = np.unpackbits(np.frombuffer(data, np.uint8).reshape(-1, 1), axis=1)
    return np.packbits(bits[:, ::-1], axis=1).tobytes()


Page: TypeAlias = tuple[Tags, Sequence[bytes], tuple[int, int]]


def assembled(pages: Sequence[Page], byte_order: ByteOrder = "<", is_big: bool = False) -> bytes:
    """A file of pages: their tags, their strips or tiles, and the tags that say where these are."""
    mark = b"II" if byte_order == "<" else b"MM"
    offset_type, count_type, inline = ("Q", "Q", 8) if is_big else ("I", "H", 4)
    version = [43, inline, 0] if is_big else [42]
    file = bytearray(mark + struct.pack(f"{byte_order}{len(version)}H", *version) + bytes(inline))
    link = len(file) - inline
    for tags, segments, (offsets_tag, sizes_tag) in pages:
        offsets = []
        for segment in segments:
            offsets.append(len(file))
            file += segment
        sizes = [len(segment) for segment in segments]
        listed = {offsets_tag: (offset_type, offsets), sizes_tag: (offset_type, sizes), **tags}
        entries = []
        for tag, content in sorted(listed.items()):
            if content is None:
                continue
            kind, values = content
            value = encoded(kind, values, byte_order)
            if len(value) > inline:
                file += bytes(len(file) % 2)
                place = struct.pack(byte_order + offset_type, len(file))
                file += value
                value = place
            count = len(values) // (2 if kind == "rational" else 1)
            entries.append(
                struct.pack(byte_order + "HH" + offset_type, tag, TYPES[kind], count)
                + value.ljust(inline, b"\0")
            )
        file += bytes(len(file) % 2)
        struct.pack_into(byte_order + offset_type, file, link, len(file))
        file += struct.pack(byte_order + count_type, len(entries)) + b"".join(entries)
        link = len(file)
        file += bytes(inline)
    return bytes(file)


# The types of tags, by what `struct` calls them.
TYPES = {"B": 1, "ascii": 2, "H": 3, "I": 4, "rational": 5, "b": 6, "bytes": 7, "d": 12, "Q": 16}


def encoded(kind: str, values: Sequence[Any], byte_order: ByteOrder) -> bytes:
    if kind in ("ascii", "bytes"):
        return bytes(values)
    return struct.pack(f"{byte_order}{len(values)}{'I' if kind == 'rational' else kind}", *values)
