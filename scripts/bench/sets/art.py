"""Drawn art: line icons, logos, flags and flat pictures; each number is another picture."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from .words import font, words

_FINER = 4  # times finer are icons drawn than they are shown, for smooth lines
_GRID = 24  # units, as icon sets have

_Numbers: TypeAlias = NDArray[Any]
_Flat: TypeAlias = Callable[[_Numbers, _Numbers, np.random.Generator], _Numbers]
_Canvas: TypeAlias = Callable[[ImageDraw.ImageDraw, float], None]
_COLOURS = ("#ce1126", "#ffffff", "#002395", "#008751", "#fcd116", "#000000", "#f77f00", "#75aadb")


def icon(number: int, side: int = 48, ink: str = "black") -> Image.Image:
    """A line icon on transparency: an outline and a sign or two within or beside it."""
    dice = random.Random(f"icon {number}")
    size = side * _FINER
    mask = Image.new("L", (size, size))
    draw = ImageDraw.Draw(mask)
    unit = size / _GRID
    # As many are different as there are pairs of an outline and a sign: 228.
    turn, place = divmod(number, len(_OUTLINES))
    list(_OUTLINES.values())[place](draw, unit)
    chosen = [list(_SIGNS)[(turn + 5 * place) % len(_SIGNS)]]
    if dice.random() < 0.3:
        chosen.append(dice.choice(list(_SIGNS)))
    places = [(12.0, 12.5)] if len(chosen) == 1 else [(9.0, 11.5), (15.0, 14.0)]
    for sign, (x, y) in zip(chosen, places, strict=True):
        reach = dice.uniform(2.2, 3.6)
        _SIGNS[sign](draw, unit, x + dice.uniform(-1, 1), y + dice.uniform(-1, 1), reach)
    art = Image.new("RGBA", (side, side), ink)
    art.putalpha(mask.resize((side, side), Image.Resampling.LANCZOS))
    return art


def _line(draw: ImageDraw.ImageDraw, unit: float, points: Sequence[tuple[float, float]]) -> None:
    scaled = [(x * unit, y * unit) for x, y in points]
    draw.line(scaled, 255, round(1.8 * unit), "curve")
    for x, y in (scaled[0], scaled[-1]):
        reach = 0.9 * unit
        draw.ellipse((x - reach, y - reach, x + reach, y + reach), 255)


def _outlined(*lines: Sequence[tuple[float, float]]) -> _Canvas:
    def draw_lines(draw: ImageDraw.ImageDraw, unit: float) -> None:
        for points in lines:
            _line(draw, unit, points)

    return draw_lines


def _around(
    x: float, y: float, reach: float, start: float = 0, end: float = 360
) -> Sequence[tuple[float, float]]:
    steps = 24
    angles = [math.radians(start + (end - start) * step / steps) for step in range(steps + 1)]
    return [(x + reach * math.cos(angle), y + reach * math.sin(angle)) for angle in angles]


_OUTLINES: Mapping[str, _Canvas] = {
    "circle": _outlined(_around(12, 12, 9.5)),
    "square": _outlined([(3, 3), (21, 3), (21, 21), (3, 21), (3, 3)]),
    "file": _outlined(
        [(5, 2), (14, 2), (19, 7), (19, 22), (5, 22), (5, 2)], [(14, 2), (14, 7), (19, 7)]
    ),
    "folder": _outlined([(2, 5), (9, 5), (11, 8), (22, 8), (22, 20), (2, 20), (2, 5)]),
    "bubble": _outlined([(3, 4), (21, 4), (21, 17), (10, 17), (5, 21), (5, 17), (3, 17), (3, 4)]),
    "shield": _outlined([(12, 2), (20, 5), (20, 12), (12, 22), (4, 12), (4, 5), (12, 2)]),
    "house": _outlined([(3, 11), (12, 3), (21, 11)], [(5, 10), (5, 21), (19, 21), (19, 10)]),
    "screen": _outlined([(2, 4), (22, 4), (22, 17), (2, 17), (2, 4)], [(8, 21), (16, 21)]),
    "calendar": _outlined(
        [(3, 5), (21, 5), (21, 21), (3, 21), (3, 5)],
        [(3, 9), (21, 9)],
        [(8, 2), (8, 5)],
        [(16, 2), (16, 5)],
    ),
    "cloud": _outlined(
        _around(8, 14, 5, 90, 270), _around(14, 11, 6, 200, 400), [(8, 19), (18, 19)]
    ),
    "bag": _outlined([(4, 8), (20, 8), (21, 21), (3, 21), (4, 8)], _around(12, 8, 4, 180, 360)),
    "none": _outlined([(3, 21), (21, 21)]),
}


def _polygon(corners: int, turn: float = -90) -> Callable[..., None]:
    def draw_polygon(
        draw: ImageDraw.ImageDraw, unit: float, x: float, y: float, reach: float
    ) -> None:
        angles = [math.radians(turn + 360 * step / corners) for step in range(corners + 1)]
        _line(draw, unit, [(x + reach * math.cos(a), y + reach * math.sin(a)) for a in angles])

    return draw_polygon


def _strokes(*lines: Sequence[tuple[float, float]]) -> Callable[..., None]:
    def draw_strokes(
        draw: ImageDraw.ImageDraw, unit: float, x: float, y: float, reach: float
    ) -> None:
        for points in lines:
            _line(draw, unit, [(x + reach * u, y + reach * v) for u, v in points])

    return draw_strokes


_SIGNS: Mapping[str, Callable[..., None]] = {
    "plus": _strokes([(-1, 0), (1, 0)], [(0, -1), (0, 1)]),
    "minus": _strokes([(-1, 0), (1, 0)]),
    "cross": _strokes([(-0.8, -0.8), (0.8, 0.8)], [(0.8, -0.8), (-0.8, 0.8)]),
    "check": _strokes([(-1, 0), (-0.3, 0.8), (1, -0.7)]),
    "up": _strokes([(0, 1), (0, -1)], [(-0.8, -0.2), (0, -1), (0.8, -0.2)]),
    "lines": _strokes([(-1, -0.8), (1, -0.8)], [(-1, 0), (1, 0)], [(-1, 0.8), (0.3, 0.8)]),
    "play": _strokes([(-0.7, -1), (1, 0), (-0.7, 1), (-0.7, -1)]),
    "pause": _strokes([(-0.5, -1), (-0.5, 1)], [(0.5, -1), (0.5, 1)]),
    "zigzag": _strokes([(-1, 0.2), (-0.4, 0.2), (-0.1, -1), (0.3, 1), (0.6, 0.2), (1, 0.2)]),
    "bolt": _strokes([(0.3, -1), (-0.7, 0.2), (0.5, 0.2), (-0.3, 1)]),
    "dots": _strokes([(-1, 0), (-1, 0)], [(0, 0), (0, 0)], [(1, 0), (1, 0)]),
    "ring": _polygon(16),
    "triangle": _polygon(3),
    "diamond": _polygon(4),
    "hexagon": _polygon(6),
    "heart": _strokes(
        [
            (0, 1),
            (-1, -0.1),
            (-0.9, -0.8),
            (-0.4, -0.9),
            (0, -0.4),
            (0.4, -0.9),
            (0.9, -0.8),
            (1, -0.1),
            (0, 1),
        ]
    ),
    "key": _strokes(
        [(-0.2, 0), (1, 0), (1, 0.6)],
        [(0.5, 0), (0.5, 0.5)],
        [(-0.2, 0), (-0.6, -0.5), (-1, 0), (-0.6, 0.5), (-0.2, 0)],
    ),
    "person": _strokes(
        [(-0.9, 1), (-0.5, 0.3), (0.5, 0.3), (0.9, 1)],
        [(0, -0.9), (0.4, -0.5), (0, -0.1), (-0.4, -0.5), (0, -0.9)],
    ),
    "hash": _strokes(
        [(-0.4, -1), (-0.4, 1)],
        [(0.4, -1), (0.4, 1)],
        [(-1, -0.4), (1, -0.4)],
        [(-1, 0.4), (1, 0.4)],
    ),
}


def logo(number: int, width: int = 400, ink: str = "white") -> Image.Image:
    """A sign and a name in one colour on transparency."""
    dice = random.Random(f"logo {number}")
    sign = icon(dice.randrange(10**6), width // 3, ink)
    art = Image.new("RGBA", (width, width // 3), ink)
    mask = Image.new("L", art.size)
    mask.paste(sign.getchannel("A"), (0, 0))
    name = font(dice.choice(("DejaVuSans-Bold", "DejaVuSerif-Bold")), width // 9)
    ImageDraw.Draw(mask).text(
        (width * 0.37, width / 6), words(dice, 1)[:9].title(), 255, name, anchor="lm"
    )
    art.putalpha(mask)
    return art


def flag(number: int, width: int = 320) -> Image.Image:
    """A flag: stripes, crosses, discs, triangles and stars in loud colours."""
    dice = random.Random(f"flag {number}")
    height = round(width / dice.choice((1.5, 1.5, 1.6, 2)))
    picture = Image.new("RGB", (width, height), "white")
    draw = ImageDraw.Draw(picture)
    kinds = (_striped, _striped, _pale, _pale, _nordic, _with_triangle, _with_disc, _with_canton)
    kinds[number % len(kinds)](draw, width, height, dice)
    return picture


def _three(dice: random.Random) -> list[str]:
    """Three colours, no two of them alike that lie beside each other."""
    return dice.sample(_COLOURS, 3)


def _striped(draw: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    for place, colour in enumerate(_three(dice)):
        draw.rectangle((0, height * place / 3, width, height), fill=colour)


def _pale(draw: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    for place, colour in enumerate(_three(dice)):
        draw.rectangle((width * place / 3, 0, width, height), fill=colour)
    if dice.random() < 0.4:
        _star(draw, width / 2, height / 2, height * 0.13, dice.choice(_COLOURS))


def _nordic(draw: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    ground, cross, inner = _three(dice)
    draw.rectangle((0, 0, width, height), fill=ground)
    for colour, half in ((cross, 0.11), (inner, 0.05)):
        if half == 0.05 and dice.random() < 0.5:
            continue
        draw.rectangle((0, height * (0.5 - half), width, height * (0.5 + half)), fill=colour)
        draw.rectangle(
            (width * 0.38 - height * half, 0, width * 0.38 + height * half, height), fill=colour
        )


def _with_triangle(draw: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    upper, lower, hoist = _three(dice)
    draw.rectangle((0, 0, width, height / 2), fill=upper)
    draw.rectangle((0, height / 2, width, height), fill=lower)
    draw.polygon([(0, 0), (width * dice.uniform(0.3, 0.5), height / 2), (0, height)], fill=hoist)
    if dice.random() < 0.5:
        _star(draw, width * 0.13, height / 2, height * 0.12, upper)


def _with_disc(draw: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    ground, disc, star = _three(dice)
    reach, x = height * dice.uniform(0.22, 0.35), width * dice.choice((0.4, 0.5, 0.5))
    draw.rectangle((0, 0, width, height), fill=ground)
    draw.ellipse((x - reach, height / 2 - reach, x + reach, height / 2 + reach), fill=disc)
    if dice.random() < 0.5:
        _star(draw, x, height / 2, reach * 0.6, star)


def _with_canton(draw: ImageDraw.ImageDraw, width: int, height: int, dice: random.Random) -> None:
    one, other, canton = _three(dice)
    stripes = dice.choice((5, 7, 9, 11, 13))
    for stripe in range(stripes):
        draw.rectangle((0, height * stripe / stripes, width, height), fill=(one, other)[stripe % 2])
    draw.rectangle((0, 0, width * 0.42, height * (stripes // 2 + 1) / stripes), fill=canton)
    for _ in range(dice.choice((1, 4, 7))):
        _star(
            draw,
            width * dice.uniform(0.06, 0.36),
            height * dice.uniform(0.1, 0.45),
            height * 0.06,
            one,
        )


def _star(draw: ImageDraw.ImageDraw, x: float, y: float, reach: float, colour: str) -> None:
    points = [
        (
            x + reach * (1, 0.4)[corner % 2] * math.sin(math.pi * corner / 5),
            y - reach * (1, 0.4)[corner % 2] * math.cos(math.pi * corner / 5),
        )
        for corner in range(10)
    ]
    draw.polygon(points, fill=colour)


def flat(number: int, width: int = 480, height: int = 360) -> Image.Image:
    """A picture with next to nothing on it: one colour, a gradient, a pale disc, a sky, a haze."""
    dice = np.random.default_rng([2, number])
    kinds: Sequence[_Flat] = (_one_colour, _gradient, _pale_disc, _sky, _haze, _glow)
    y, x = np.mgrid[0 : 1 : height * 1j, 0 : 1 : width * 1j]
    pixels = kinds[number % len(kinds)](y, x, dice)
    return Image.fromarray(pixels.clip(0, 255).round().astype(np.uint8))


def _mixed(share: _Numbers, one: _Numbers, other: _Numbers) -> _Numbers:
    mixed: _Numbers = one + (other - one) * share[..., np.newaxis]
    return mixed


def _one_colour(y: _Numbers, x: _Numbers, dice: np.random.Generator) -> _Numbers:
    return _mixed(0 * x, dice.integers(0, 256, 3), dice.integers(0, 256, 3))


def _gradient(y: _Numbers, x: _Numbers, dice: np.random.Generator) -> _Numbers:
    angle = dice.uniform(0, 2 * np.pi)
    along = x * np.cos(angle) + y * np.sin(angle)
    share = (along - along.min()) / np.ptp(along)
    return _mixed(share, dice.integers(0, 256, 3), dice.integers(0, 256, 3))


def _pale_disc(y: _Numbers, x: _Numbers, dice: np.random.Generator) -> _Numbers:
    distance = np.hypot((x - dice.uniform(0.3, 0.7)) * 4 / 3, y - dice.uniform(0.3, 0.7))
    ground = dice.integers(200, 250, 3)
    return _mixed(
        (distance < dice.uniform(0.15, 0.35)) * 1.0, ground, ground - dice.integers(4, 14)
    )


def _sky(y: _Numbers, x: _Numbers, dice: np.random.Generator) -> _Numbers:
    top = np.array([dice.integers(20, 110), dice.integers(90, 170), dice.integers(180, 240)])
    low = np.array([dice.integers(150, 250), dice.integers(180, 235), dice.integers(215, 250)])
    return _mixed(y ** dice.uniform(0.6, 1.6), top, low) + dice.normal(0, 1.5, (*x.shape, 1))


def _haze(y: _Numbers, x: _Numbers, dice: np.random.Generator) -> _Numbers:
    waves = sum(
        np.cos(2 * np.pi * (dice.uniform(-1.2, 1.2) * x + dice.uniform(-1.2, 1.2) * y) + phase)
        for phase in dice.uniform(0, 6, 4)
    )
    ground = dice.integers(90, 220, 3)
    return _mixed((waves + 4) / 8, ground, ground + dice.integers(10, 30))


def _glow(y: _Numbers, x: _Numbers, dice: np.random.Generator) -> _Numbers:
    distance = np.hypot((x - dice.uniform(0, 1)) * 4 / 3, y - dice.uniform(0, 1))
    share = np.exp(-((distance / dice.uniform(0.3, 0.8)) ** 2))
    return _mixed(share, dice.integers(0, 256, 3), dice.integers(0, 256, 3))
