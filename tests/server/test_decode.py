"""Reading image files: every format, every orientation, every way to be damaged."""

import io
import random
import struct
import tracemalloc
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, ImageOps

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.errors import ImageTooLarge, UnreadableImage
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.formats import READERS
from visualsnoop.server.matching.formats.signatures import FORMATS as READ_FORMATS
from visualsnoop.server.matching.scaling import LONGEST_SIDE, fitted
from visualsnoop.server.matching.similarity import compare

from .image_kinds.formats import psd

FORMATS: dict[str, dict[str, Any]] = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "WEBP": {"quality": 90},
    "GIF": {},
    "BMP": {},
    "TIFF": {},
    "AVIF": {"quality": 85},
    "HEIF": {"quality": 85},
    "JXL": {"quality": 90},
    "JPEG2000": {"quality_mode": "rates", "quality_layers": [10]},
    "TGA": {},
    "PPM": {},
    "DDS": {},
}
# The formats in which a file can say that it is to be shown turned or mirrored.
ORIENTED = ("JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF", "JXL")

# What brings a picture back that is shown upright by each value of the EXIF tag.
STORED_FOR_ORIENTATION: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda picture: picture,
    2: lambda picture: picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda picture: picture.transpose(Image.Transpose.ROTATE_180),
    4: lambda picture: picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda picture: picture.transpose(Image.Transpose.TRANSPOSE),
    6: lambda picture: picture.transpose(Image.Transpose.ROTATE_90),
    7: lambda picture: picture.transpose(Image.Transpose.TRANSVERSE),
    8: lambda picture: picture.transpose(Image.Transpose.ROTATE_270),
}


@pytest.fixture(scope="module")
def picture(photo: Path) -> Image.Image:
    with photo.open("rb") as file:
        return decode(file)


@pytest.fixture(scope="module")
def fingerprinter() -> Fingerprinter:
    return Fingerprinter()


def saved(picture: Image.Image, file_format: str, **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    file.seek(0)
    return file


def difference(one: Image.Image, other: Image.Image) -> float:
    """The mean difference of the pixels of two pictures of the same size, 0 to 255."""
    assert one.size == other.size
    return float(np.abs(np.asarray(one, np.float32) - np.asarray(other, np.float32)).mean())


@pytest.mark.parametrize(
    ("file_format", "orientation"),
    [
        (file_format, orientation)
        for file_format in FORMATS
        for orientation in (STORED_FOR_ORIENTATION if file_format in ORIENTED else [1])
    ],
)
def test_same_picture_is_found_in_every_format_and_orientation(
    file_format: str, orientation: int, picture: Image.Image, fingerprinter: Fingerprinter
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = STORED_FOR_ORIENTATION[orientation](picture)
    file = saved(stored, file_format, exif=exif.tobytes(), **FORMATS[file_format])
    read = decode(file)
    # GIF has but 256 colours.
    assert difference(read, picture) < 8
    match = compare(fingerprinter.fingerprint(read), fingerprinter.fingerprint(picture))
    assert match.score >= 0.95
    assert match.transform == "none"


def test_cmyk_jpeg_is_read(picture: Image.Image) -> None:
    assert difference(decode(saved(picture.convert("CMYK"), "JPEG", quality=95)), picture) < 8


def test_progressive_jpeg_is_read(picture: Image.Image) -> None:
    file = saved(picture, "JPEG", quality=95, progressive=True)
    assert difference(decode(file), picture) < 4


def test_transparent_parts_are_white() -> None:
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))
    assert decode(saved(clear, "PNG")).getextrema() == ((255, 255),) * 3


def test_transparent_palette_colour_is_white() -> None:
    palette = Image.new("RGB", (40, 40), "black").quantize(2)
    assert (
        decode(saved(palette, "PNG", transparency=palette.getpixel((0, 0)))).getextrema()
        == ((255, 255),) * 3
    )


def test_colour_profile_is_brought_to_srgb() -> None:
    red_picture = Image.new("RGB", (40, 40), (255, 0, 0))
    file = saved(red_picture, "PNG", icc_profile=profile_with_red_and_green_exchanged())
    red, green, _ = np.asarray(decode(file))[20, 20]
    assert green > 200 > 60 > red


def profile_with_red_and_green_exchanged() -> bytes:
    """sRGB, but for its primary colours."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    offsets = {}
    for entry in range(struct.unpack_from(">I", profile, 128)[0]):
        name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * entry)
        offsets[name] = offset
    red, green = offsets[b"rXYZ"], offsets[b"gXYZ"]
    profile[red : red + 20], profile[green : green + 20] = (
        profile[green : green + 20],
        profile[red : red + 20],
    )
    return bytes(profile)


def test_damaged_colour_profile_does_not_matter(picture: Image.Image) -> None:
    file = saved(picture, "PNG", icc_profile=b"no profile")
    assert difference(decode(file), picture) == 0


@pytest.mark.parametrize("file_format", ["GIF", "PNG", "WEBP", "TIFF", "AVIF"])
def test_first_frame_of_an_animation_and_first_page_count(file_format: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    file = saved(frames[0], file_format, save_all=True, append_images=frames[1:])
    red, _, blue = np.asarray(decode(file))[20, 20]
    assert red > 240 > 15 > blue


@pytest.mark.parametrize("file_format", ["AVIF", "HEIF"])
def test_file_that_turns_its_picture_itself_is_not_turned_twice(
    file_format: str, picture: Image.Image
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = STORED_FOR_ORIENTATION[6](picture)
    file = saved(stored, file_format, exif=exif.tobytes(), quality=90)
    # The box by which such a file says it, besides what EXIF says.
    assert b"irot" in file.getvalue()
    assert decode(file).size == picture.size


def test_grey_picture_with_a_profile_is_read(picture: Image.Image) -> None:
    grey = picture.convert("L")
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # The profile is one for colours, and so is of no use.
    file = saved(grey, "PNG", icc_profile=profile)
    assert difference(decode(file), grey.convert("RGB")) < 2


def test_jpeg_decoder_is_asked_to_scale(monkeypatch: pytest.MonkeyPatch) -> None:
    scaled: list[tuple[int, int]] = []

    def seen(picture: Image.Image) -> Image.Image:
        scaled.append(picture.size)
        return fitted(picture)

    monkeypatch.setattr("visualsnoop.server.matching.decode.fitted", seen)
    decode(saved(Image.linear_gradient("L").resize((6000, 4000)), "JPEG"))
    assert scaled == [(750, 500)]


@pytest.mark.parametrize(
    "head", [b"zTXt" + b"Raw profile type exif\0\0", b"iCCP" + b"icc\0\0"], ids=["text", "profile"]
)
def test_compressed_text_and_profile_in_a_png_are_not_blown_up(head: bytes) -> None:
    plain = saved(Image.new("RGB", (8, 8)), "PNG").getvalue()
    bomb = png_chunk(head[:4], head[4:] + zlib.compress(bytes(200_000_000)))
    tracemalloc.start()
    decode(io.BytesIO(plain[:33] + bomb + plain[33:]))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 50_000_000


def test_large_picture_is_scaled_down() -> None:
    large = Image.effect_noise((3000, 1500), 50).convert("RGB")
    assert decode(saved(large, "JPEG")).size == (LONGEST_SIDE, LONGEST_SIDE // 2)


def test_small_picture_is_kept_as_it_is() -> None:
    assert decode(saved(Image.new("RGB", (3, 2)), "PNG")).size == (3, 2)


def test_name_and_place_of_the_data_do_not_matter(picture: Image.Image) -> None:
    file = io.BytesIO(saved(picture, "WEBP").getvalue())
    assert decode(file).size == picture.size


@pytest.mark.parametrize("file_format", FORMATS)
def test_truncated_file_is_refused(file_format: str, picture: Image.Image) -> None:
    whole = saved(picture, file_format, **FORMATS[file_format]).getvalue()
    with pytest.raises(UnreadableImage):
        decode(io.BytesIO(whole[: len(whole) * 2 // 3]))


def test_message_for_a_damaged_file_names_its_format(picture: Image.Image) -> None:
    data = bytearray(saved(picture, "WEBP").getvalue())
    data[20:200] = bytes(180)
    with pytest.raises(UnreadableImage, match="The WebP file is damaged"):
        decode(io.BytesIO(bytes(data)))


def test_formats_that_are_read_are_those_that_are_named() -> None:
    assert set(READERS) == set(READ_FORMATS)


def test_jpeg_xl_that_turns_its_picture_itself_is_not_turned_twice(
    picture: Image.Image, tmp_path: Path
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    as_jpeg = tmp_path / "turned.jpg"
    STORED_FOR_ORIENTATION[6](picture).save(as_jpeg, quality=95, exif=exif)
    with Image.open(as_jpeg) as opened:
        # Repacked as it is; then the orientation stands in the codestream, and in the EXIF too.
        file = saved(opened, "JXL", lossless_jpeg=True)
    assert difference(decode(file), picture) < 4


def test_too_many_pixels_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(ImageTooLarge, match="20000 x 5000"):
        decode(io.BytesIO(png_of_zeros(20_000, 5_000)), max_pixels=10_000_000)


@pytest.mark.parametrize("side", [2**31 - 1, 2**32 - 1])
def test_absurd_sides_are_refused(side: int) -> None:
    with pytest.raises((ImageTooLarge, UnreadableImage)):
        decode(io.BytesIO(png_of_zeros(side, side)))


def png_of_zeros(width: int, height: int) -> bytes:
    """A PNG file that claims these sides and has next to no data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            png_chunk(b"IHDR", header),
            png_chunk(b"IDAT", zlib.compress(b"\0" * 100)),
            png_chunk(b"IEND", b""),
        )
    )


def png_chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def seeds() -> list[bytes]:
    """A small file of each format, to be damaged."""
    grey = Image.linear_gradient("L").resize((48, 32))
    small = ImageOps.colorize(grey, "navy", "orange")
    files = [saved(small, name, **options).getvalue() for name, options in FORMATS.items()]
    planes = list(np.moveaxis(np.asarray(small), 2, 0))
    return [*files, saved(small, "ICO", sizes=[small.size]).getvalue(), psd(planes, 3)]


@settings(max_examples=400, deadline=None)
@given(seed=st.sampled_from(seeds()), damage=st.integers(0, 2**32))
def test_damaged_file_is_read_or_refused_and_nothing_else(seed: bytes, damage: int) -> None:
    dice = random.Random(damage)
    data = bytearray(seed)
    for _ in range(dice.choice([1, 1, 2, 8, 32])):
        place = dice.randrange(len(data))
        if dice.random() < 0.7:
            data[place] = dice.choice([0, 255, dice.randrange(256)])
        else:
            del data[place : place + dice.randrange(1, 20)]
            data = data or bytearray(b"\0")
    try:
        picture = decode(io.BytesIO(bytes(data)), max_pixels=1_000_000)
    except (UnreadableImage, ImageTooLarge) as refusal:
        assert str(refusal)
    else:
        assert picture.mode == "RGB"
