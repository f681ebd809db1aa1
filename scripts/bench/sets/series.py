"""Other shots of a scene, simulated: from another place, or a moment later.

A photo is taken for a scene with depth: what is near moves more than what is far when the camera
moves, and so no mapping of the whole brings two shots onto each other. A moment later something
that was in front stands elsewhere.
"""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

_Floats = NDArray[np.float64]


def other_viewpoint(photo: Image.Image, number: int, baseline: float = 0.12) -> Image.Image:
    """The scene from another place, by a number; number 0 is the photo itself.

    Args:
        photo: The scene.
        number: Which of its shots.
        baseline: By how much of the width what is near moves against what is far, at most.
    """
    if number == 0:
        return photo.copy()
    dice = np.random.default_rng([3, number])
    depth = _depth(photo)
    angle = dice.uniform(0, 2 * np.pi)
    reach = baseline * photo.width * dice.uniform(0.5, 1)
    y, x = np.mgrid[0 : photo.height, 0 : photo.width].astype(float)
    zoom, turn = dice.uniform(0.92, 1.0), np.radians(dice.uniform(-3, 3))
    middle = (x - photo.width / 2) + 1j * (y - photo.height / 2)
    middle = middle * zoom * np.exp(1j * turn) + depth * reach * np.exp(1j * angle)
    pixels = np.asarray(photo)
    column = (middle.real + photo.width / 2).round().astype(int).clip(0, photo.width - 1)
    row = (middle.imag + photo.height / 2).round().astype(int).clip(0, photo.height - 1)
    seen = Image.fromarray(pixels[row, column]).filter(ImageFilter.GaussianBlur(0.5))
    return ImageEnhance.Brightness(seen).enhance(dice.uniform(0.85, 1.15))


def _depth(photo: Image.Image) -> _Floats:
    """How near each place is, 0 to 1: a ground that comes nearer, and things that stand on it."""
    dice = np.random.default_rng([4, photo.width, int(np.asarray(photo).sum()) % 2**32])
    y, x = np.mgrid[0 : 1 : photo.height * 1j, 0 : 1 : photo.width * 1j]
    depth = 0.5 * y
    for _ in range(5):
        u, v, reach = dice.uniform(0, 1), dice.uniform(0.3, 1), dice.uniform(0.08, 0.25)
        inside = np.hypot(x - u, (y - v) / 1.5) < reach
        depth = np.where(inside, dice.uniform(0.4, 1), depth)
    levels = Image.fromarray((255 * depth).clip(0, 255).astype(np.uint8))
    return np.asarray(levels.filter(ImageFilter.GaussianBlur(3)), float) / 255


def later_moment(photo: Image.Image, things: Image.Image, number: int) -> Image.Image:
    """The scene a moment later, by a camera in the hand: what was in front stands elsewhere.

    Args:
        photo: The scene.
        things: A photo that the three things in front are cut out of.
        number: Which moment.
    """
    dice = np.random.default_rng([5, number])
    scene = other_viewpoint(photo, number, baseline=0.04)
    for place in range(3):
        size = (things.width // 3, things.height // 2)
        thing = things.crop((place * size[0], 0, (place + 1) * size[0], size[1]))
        mask = Image.new("L", size)
        ImageDraw.Draw(mask).ellipse((0, 0, *size), 255)
        left, top = (round(dice.uniform(-0.1, 0.8) * side) for side in photo.size)
        scene.paste(thing, (left, top), mask.filter(ImageFilter.GaussianBlur(2)))
    return scene
