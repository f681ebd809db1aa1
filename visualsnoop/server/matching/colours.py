"""The colours of two pictures under a mapping, by their coarse layouts.

Detail says nothing of a sky without clouds, and is the same of two flags of three stripes: what
tells these are their colours. Of photos they tell nothing, as photos are edited in their colours.
"""

import numpy as np

from .alignment import Mapping, inverse, positions
from .detail import COLOUR_SIDE, Colours, Detail, Level

# A picture has no colours if its red, green and blue differ by no more than JPEG makes of grey.
_GREY = 12

_BRIGHTNESS = np.array([0.299, 0.587, 0.114], np.float32)


def colour_difference(one: Detail, other: Detail, mapping: Mapping) -> float:
    """How much the colours of two pictures differ where both show the same, in levels, 0 to 255.

    It is the mean over the quarter of the cells that differs most. If one of the pictures is in
    shades of grey, only brightness counts.

    Args:
        one, other: The pictures.
        mapping: From `other` to `one`.
    """
    colours: Level | Colours = one.colours
    others: Level | Colours = other.colours
    if _is_grey(one.colours) or _is_grey(other.colours):
        colours, others = _brightness(one.colours), _brightness(other.colours)
    differences = np.concatenate(
        [_differences(colours, others, mapping), _differences(others, colours, inverse(mapping))]
    )
    if len(differences) == 0:
        return 0.0
    differences.sort()
    return float(differences[-max(1, len(differences) // 4) :].mean())


def _is_grey(colours: Colours) -> bool:
    return int(np.ptp(colours, axis=2).max()) <= _GREY


def _brightness(colours: Colours) -> Level:
    brightness: Level = (colours @ _BRIGHTNESS)[..., np.newaxis]
    return brightness


def _differences(source: Level | Colours, target: Level | Colours, mapping: Mapping) -> Level:
    """How much each cell of the target differs from the source, of those that the source reaches.

    The mapping is from the target to the source. Between cells, colours are interpolated.
    """
    across, down = positions((COLOUR_SIDE, COLOUR_SIDE), mapping, (COLOUR_SIDE, COLOUR_SIDE))
    is_shown = (across > 0) & (across < COLOUR_SIDE) & (down > 0) & (down < COLOUR_SIDE)
    column, row = (
        (place[is_shown] - 0.5).clip(0, COLOUR_SIDE - 1)[:, np.newaxis] for place in (across, down)
    )
    left, top = column.astype(int)[:, 0], row.astype(int)[:, 0]
    right, bottom = np.minimum(left + 1, COLOUR_SIDE - 1), np.minimum(top + 1, COLOUR_SIDE - 1)
    column, row = column - left[:, np.newaxis], row - top[:, np.newaxis]
    colours = source.astype(np.float32)
    upper = colours[top, left] * (1 - column) + colours[top, right] * column
    lower = colours[bottom, left] * (1 - column) + colours[bottom, right] * column
    taken = upper * (1 - row) + lower * row
    differences: Level = np.abs(taken - target[is_shown]).max(axis=1)
    return differences
