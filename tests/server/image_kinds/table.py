"""What the service makes of a kind of file, and of all as a table."""

import io
from collections.abc import Iterator
from functools import cache

import numpy as np
import pyvips
from attrs import frozen
from PIL import Image

from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.errors import ImageTooLarge, UnreadableImage
from visualsnoop.server.matching.fingerprint import Fingerprint
from visualsnoop.server.matching.fingerprinter import Fingerprinter
from visualsnoop.server.matching.similarity import compare

from . import Kind, Pixels, cut, formats, metadata, png, tiff, tiff_odd


def kinds() -> Iterator[Kind]:
    """All of them."""
    yield from png.kinds()
    yield from tiff.kinds()
    yield from tiff_odd.kinds()
    yield from formats.kinds()
    yield from metadata.kinds()
    yield from cut.kinds()


@frozen
class Outcome:
    """What the service makes of a file.

    Attributes:
        message: The refusal, if it is refused.
        difference: Of the pixels from what is expected, in the mean, of 255.
        score: The service's own, of the picture against what is expected.
        vips_score: The same against what libvips reads; None if it is not asked.
    """

    message: str = ""
    difference: float = 0
    score: float = 1
    vips_score: float | None = None


def outcomes(kind: Kind) -> dict[str, Outcome]:
    """What the service makes of each layout of a kind."""
    return {layout: outcome(kind, layout, file) for layout, file in kind.files().items()}


def outcome(kind: Kind, layout: str, file: bytes) -> Outcome:
    try:
        read = np.asarray(decode(io.BytesIO(file)))
    except (UnreadableImage, ImageTooLarge) as refusal:
        return Outcome(str(refusal))
    if isinstance(kind.expected, str) or read.shape != kind.expected.shape:
        return Outcome("read as something", difference=255, score=0)
    difference = float(np.abs(read.astype(int) - kind.expected).mean())
    # libvips reads no tiled planes, and takes those of grey with alpha for something else.
    is_asked = kind.vips and "planar" not in layout
    return Outcome(
        difference=difference,
        score=score(read, kind.expected),
        vips_score=score(read, by_libvips(file)) if is_asked else None,
    )


def by_libvips(file: bytes) -> Pixels:
    """An image file as libvips reads it, on a white ground."""
    picture = pyvips.Image.new_from_buffer(file, "").colourspace("srgb")
    if picture.hasalpha():
        picture = picture.flatten(background=255)
    pixels: Pixels = picture.cast("uchar").numpy()
    return pixels


def score(one: Pixels, other: Pixels) -> float:
    """The service's own, of two pictures."""
    if np.array_equal(one, other):
        return 1
    height, width, _ = one.shape
    query, stored = (fingerprint(width, height, each.tobytes()) for each in (one, other))
    return compare(query, stored).score


@cache
def fingerprint(width: int, height: int, pixels: bytes) -> Fingerprint:
    return fingerprinter().fingerprint(Image.frombytes("RGB", (width, height), pixels))


@cache
def fingerprinter() -> Fingerprinter:
    return Fingerprinter()


def main() -> None:
    """Print the table, in Markdown."""
    print("| kind | layouts | outcome | pixels off | lowest score | against libvips |")
    print("|---|---|---|---|---|---|")
    for kind in kinds():
        made = list(outcomes(kind).values())
        refusals = {each.message for each in made if each.message}
        vips = [each.vips_score for each in made if each.vips_score is not None]
        if refusals:
            row = ["; ".join(sorted(refusals)), "", "", ""]
        else:
            row = [
                "right",
                f"{max(each.difference for each in made):.1f}",
                f"{min(each.score for each in made):.2f}",
                f"{min(vips):.2f}" if vips else "",
            ]
        print(f"| {kind.name} | {len(made)} | {' | '.join(row)} |", flush=True)
