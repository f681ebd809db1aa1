"""Blocks of cells, of which two pictures are compared as one."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from .detail import Level
from .warping import Mapping, positions

BLOCK = 10
"""Cells that are compared as one, each way."""

LEAST_ENERGY = 0.1
"""A block has detail if so much of it, squared, lies in each cell; weaker ones count less."""

_SOFTENING = 3.0


def block_sums(cells: Level) -> Level:
    """The sums over blocks of cells; those at the right and lower edge may be smaller.

    Args:
        cells: Of shape (..., rows, columns).
    """
    rows, columns = cells.shape[-2:]
    sums: Level = _summing(rows) @ cells @ _summing(columns).T
    return sums


@lru_cache(maxsize=512)
def _summing(size: int) -> Level:
    places = np.arange(size)
    matrix = np.zeros((-(-size // BLOCK), size), np.float32)
    matrix[places // BLOCK, places] = 1
    return matrix


def correlation(products: Level, energies: Level, others: Level) -> Level:
    """How alike blocks are, -1 to 1, from sums of products and of squares; weak ones near 0."""
    alike: Level = products / np.sqrt((energies + _SOFTENING) * (others + _SOFTENING))
    return alike


def have_detail(energies: Level, mapping: Mapping) -> NDArray[np.bool_]:
    """Which blocks have detail, and their middle in the other picture."""
    x, y = positions((energies.shape[0], energies.shape[1]), mapping, (1, 1))
    have_detail: NDArray[np.bool_] = (
        (energies > LEAST_ENERGY * BLOCK**2) & (x > 0) & (x < 1) & (y > 0) & (y < 1)
    )
    return have_detail


def shifted(cells: Level, reach: int) -> Level:
    """The cells moved each way, row by row of shifts, of shape (shifts, rows, columns)."""
    padded = np.pad(cells, reach)
    side = 2 * reach + 1
    windows = np.lib.stride_tricks.sliding_window_view(padded, cells.shape)
    return windows.reshape(side * side, *cells.shape)
