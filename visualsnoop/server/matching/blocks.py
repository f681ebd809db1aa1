"""Blocks of cells, of which two pictures are compared as one."""

from functools import lru_cache

import numpy as np

from .detail import Level

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
