"""Transparent pictures on a ground on which they can be seen.

White art on white is nothing to compare, and all of it would be alike. So it gets a black ground,
as most people give it who flatten it; other art gets a white one.
"""

import numpy as np
from PIL import Image

# White is kept where strokes are a quarter as strong on it as on black: light grey ones are, and
# yellow ones are not.
_VISIBLE = 0.25


def flattened(picture: Image.Image) -> Image.Image:
    """An RGBA picture as an RGB one, on white or, where little is seen on white, on black."""
    on_white = _on(picture, "white")
    on_black = _on(picture, "black")
    return on_white if _strokes(on_white) >= _VISIBLE * _strokes(on_black) else on_black


def _on(picture: Image.Image, ground: str) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", picture.size, ground), picture).convert("RGB")


def _strokes(picture: Image.Image) -> float:
    """How much there is to see: all differences of neighbours in brightness."""
    brightness = np.asarray(picture.convert("L"), np.float32)
    return float(sum(np.abs(np.diff(brightness, axis=axis)).sum() for axis in (0, 1)))
