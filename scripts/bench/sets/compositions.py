"""Photos within collages, screens, pages and other photos, and where they lie there."""

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from attrs import frozen
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageOps

from .words import font, person, words


@frozen
class Composition:
    """A picture that shows photos.

    Attributes:
        picture: The whole.
        corners: By photo, in the order in which they were given and as far as they are shown: where
            its upper left, upper right, lower right and lower left corner are, in pixels.
    """

    picture: Image.Image
    corners: Sequence[Sequence[tuple[float, float]]]


def grid(columns: int, rows: int, gap: int = 8) -> Callable[..., Composition]:
    """A collage of `columns` x `rows` photos, each cut to its place."""

    def compose(photos: Sequence[Image.Image], dice: random.Random) -> Composition:
        width, height = 960 // columns, 720 // rows
        size = (columns * (width + gap) + gap, rows * (height + gap) + gap)
        picture = Image.new("RGB", size, dice.choice(("white", "black", "#eeeeee")))
        corners = []
        for place, photo in enumerate(photos[: columns * rows]):
            left = gap + place % columns * (width + gap)
            top = gap + place // columns * (height + gap)
            picture.paste(ImageOps.fit(photo, (width, height)), (left, top))
            shown = _fitted_box(photo.size, (width, height))
            corners.append(_corners(left + shown[0], top + shown[1], *shown[2:]))
        return Composition(picture, corners)

    return compose


def inserted(area: float) -> Callable[..., Composition]:
    """The first photo on the second, at so much of its area."""

    def compose(photos: Sequence[Image.Image], dice: random.Random) -> Composition:
        photo, ground = photos[0], ImageOps.fit(photos[1], (960, 720))
        factor = (area * 960 * 720 / (photo.width * photo.height)) ** 0.5
        width, height = round(photo.width * factor), round(photo.height * factor)
        left, top = dice.randrange(960 - width), dice.randrange(720 - height)
        ground.paste(photo.resize((width, height), Image.Resampling.LANCZOS), (left, top))
        return Composition(ground, [_corners(left, top, width, height)])

    return compose


def with_blurred_bars(photos: Sequence[Image.Image], dice: random.Random) -> Composition:
    """As television shows upright photos: 16:9, with the photo itself, blurred, beside it."""
    photo = photos[0]
    if photo.width > photo.height:
        photo = ImageOps.fit(photo, (photo.height * 3 // 4, photo.height))
    picture = ImageOps.fit(photo, (1280, 720)).filter(ImageFilter.GaussianBlur(30))
    shown = ImageOps.contain(photo, (1280, 720))
    left = (1280 - shown.width) // 2
    picture.paste(shown, (left, 0))
    box = _fitted_box(photos[0].size, shown.size)
    return Composition(picture, [_corners(left + box[0], box[1], *box[2:])])


def story(photos: Sequence[Image.Image], dice: random.Random) -> Composition:
    """On a coloured ground of 9:16, with words above and below."""
    one, other = (f"hsl({dice.randrange(360)}, 60%, 45%)" for _ in range(2))
    ramp = Image.linear_gradient("L").resize((720, 1280))
    picture = ImageOps.colorize(ramp, one, other)
    shown = ImageOps.contain(photos[0], (640, 800))
    left, top = (720 - shown.width) // 2, (1280 - shown.height) // 2
    picture.paste(shown, (left, top))
    draw = ImageDraw.Draw(picture)
    draw.text((360, 120), words(dice, 3).upper(), "white", font("DejaVuSans-Bold", 44), anchor="ma")
    draw.text((360, 1150), f"@{words(dice, 1)}", "white", font("DejaVuSans", 32), anchor="ma")
    return Composition(picture, [_corners(left, top, *shown.size)])


def post(photos: Sequence[Image.Image], dice: random.Random) -> Composition:
    """In an app: a name above it, and what people say below."""
    shown = ImageOps.contain(photos[0], (720, 720))
    picture = Image.new("RGB", (720, 1280), "white")
    draw = ImageDraw.Draw(picture)
    draw.ellipse((20, 100, 70, 150), fill="#c13584")
    draw.text((90, 110), person(dice), "#111111", font("DejaVuSans-Bold", 24))
    left, top = (720 - shown.width) // 2, 170
    picture.paste(shown, (left, top))
    for line in range(8):
        text = words(dice, dice.randrange(3, 10))
        draw.text(
            (20, top + shown.height + 30 + 40 * line), text, "#222222", font("DejaVuSans", 22)
        )
    return Composition(picture, [_corners(left, top, *shown.size)])


def on_screen(photos: Sequence[Image.Image], dice: random.Random) -> Composition:
    """A photo of a screen that shows it: from the side, with the pattern that pixels make."""
    shown = ImageOps.contain(photos[0], (800, 600))
    picture = Image.new("RGB", (1000, 760), "#3b3128")
    left, top = (1000 - shown.width) // 2, (760 - shown.height) // 2
    ImageDraw.Draw(picture).rectangle(
        (left - 25, top - 25, left + shown.width + 25, top + shown.height + 25), fill="#0a0a0a"
    )
    picture.paste(shown, (left, top))
    wave = np.sin(np.arange(1000) * dice.uniform(0.7, 1.1)) * 9 + 246
    lines = Image.fromarray(np.broadcast_to(wave, (760, 1000)).astype(np.uint8))
    picture = ImageChops.multiply(picture, Image.merge("RGB", (lines, lines, lines)))
    ends = [(dice.uniform(-0.06, 0.02), dice.uniform(-0.06, 0.02)) for _ in range(4)]
    quad = [
        (x * 1000 + (1 - 2 * x) * 1000 * u, y * 760 + (1 - 2 * y) * 760 * v)
        for (x, y), (u, v) in zip(((0, 0), (0, 1), (1, 1), (1, 0)), ends, strict=True)
    ]
    flat = tuple(value for corner in quad for value in corner)
    seen = picture.transform(picture.size, Image.Transform.QUAD, flat, Image.Resampling.BICUBIC)
    # Where it lies now is told to within the few hundredths by which it was slanted.
    return Composition(seen, [_corners(left, top, *shown.size)])


def _corners(left: float, top: float, width: float, height: float) -> Sequence[tuple[float, float]]:
    return [
        (left, top),
        (left + width, top),
        (left + width, top + height),
        (left, top + height),
    ]


def _fitted_box(size: tuple[int, int], place: tuple[int, int]) -> tuple[float, float, float, float]:
    """Where a whole picture would lie, left, top, width and height, if its middle fills a place."""
    factor = max(place[0] / size[0], place[1] / size[1])
    width, height = size[0] * factor, size[1] * factor
    return (place[0] - width) / 2, (place[1] - height) / 2, width, height


COMPOSITIONS: Mapping[
    str, tuple[int, Callable[[Sequence[Image.Image], random.Random], Composition]]
] = {
    "collage 2x2": (4, grid(2, 2)),
    "collage 3x3": (9, grid(3, 3)),
    "strip of three": (3, grid(3, 1)),
    "inserted at 10 %": (2, inserted(0.10)),
    "inserted at 5 %": (2, inserted(0.05)),
    "blurred bars": (1, with_blurred_bars),
    "story": (1, story),
    "post in an app": (1, post),
    "photo of a screen": (1, on_screen),
}
"""By name: how many photos it takes, and how it is composed of them."""
