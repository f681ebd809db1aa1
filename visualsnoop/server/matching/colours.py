"""The colours of two pictures under a mapping, by their coarse layouts.

Detail says nothing of a sky without clouds, and is the same of two flags of three stripes: what
tells these are their colours. Of photos they tell nothing, as photos are edited in their colours.
"""

import numpy as np

from .detail import COLOUR_SIDE, Colours, Detail, Level
from .warping import Mapping, inverse, positions

# A picture has no colours if its red, green and blue differ by no more than JPEG makes of grey.
_GREY = 12

# By such factors at most pictures are darker or lighter for their exposure.
_DARKEST, _LIGHTEST = 0.6, 1.7

_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


def colour_difference(
    one: Detail, other: Detail, mapping: Mapping, *, same_exposure: bool = False
) -> float:
    """How much the colours of two pictures differ where both show the same, in levels, 0 to 255.

    It is the mean over the quarter of the cells that differs most. If one of the pictures is in
    shades of grey, only brightness counts.

    Args:
        one, other: The pictures.
        mapping: From `other` to `one`.
        same_exposure: Whether one that is darker as a whole is different; otherwise the lighter one
            is darkened first, as a photo of a page is darker than the page.
    """
    colours, others = (each.colours.astype(np.float32) for each in (one, other))
    if _is_grey(one.colours) or _is_grey(other.colours):
        colours, others = _brightness(colours), _brightness(others)
    there = _taken(colours, mapping), others.reshape(-1, others.shape[-1])
    back = _taken(others, inverse(mapping)), colours.reshape(-1, colours.shape[-1])
    differences = np.concatenate(
        [_differences(*there, same_exposure), _differences(*back, same_exposure)]
    )
    if len(differences) == 0:
        return 0.0
    differences.sort()
    return float(differences[-max(1, len(differences) // 4) :].mean())


def _is_grey(colours: Colours) -> bool:
    return int(np.ptp(colours, axis=2).max()) <= _GREY


def _brightness(colours: Level) -> Level:
    brightness: Level = (colours @ _BRIGHTNESS)[..., np.newaxis]
    return brightness


def _differences(taken: Level, others: Level, same_exposure: bool) -> Level:
    """How much colours differ from others, each of shape (cells, channels)."""
    is_shown = ~np.isnan(taken[:, 0])
    taken, others = taken[is_shown], others[is_shown]
    gain = float((taken * others).sum() / max(float((taken * taken).sum()), 1.0))
    gain = 1.0 if same_exposure else min(max(gain, _DARKEST), _LIGHTEST)
    differences: Level = np.abs(min(gain, 1) * taken - others / max(gain, 1)).max(axis=1)
    return differences


def _taken(colours: Level, mapping: Mapping) -> Level:
    """The colours at the middles of the cells of another picture, of shape (cells, channels).

    Between cells they are interpolated; beyond the picture they are not a number.
    """
    across, down = positions((COLOUR_SIDE, COLOUR_SIDE), mapping, (COLOUR_SIDE, COLOUR_SIDE))
    is_shown = (across > 0) & (across < COLOUR_SIDE) & (down > 0) & (down < COLOUR_SIDE)
    column, row = (
        (place.ravel() - 0.5).clip(0, COLOUR_SIDE - 1)[:, np.newaxis] for place in (across, down)
    )
    left, top = column.astype(int)[:, 0], row.astype(int)[:, 0]
    right, bottom = np.minimum(left + 1, COLOUR_SIDE - 1), np.minimum(top + 1, COLOUR_SIDE - 1)
    column, row = column - left[:, np.newaxis], row - top[:, np.newaxis]
    upper = colours[top, left] * (1 - column) + colours[top, right] * column
    lower = colours[bottom, left] * (1 - column) + colours[bottom, right] * column
    taken: Level = (upper * (1 - row) + lower * row).astype(np.float32)
    taken[~is_shown.ravel()] = np.nan
    return taken
