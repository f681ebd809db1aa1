"""How far two pictures are the same, by their detail under a mapping.

Copies agree in all of their detail, but for what was added to one of them or cut off. What only
looks alike has strokes that contradict each other: dark where the other is light, or strong where
the other has none.
"""

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from .blocks import BLOCK, LEAST_ENERGY, block_sums, correlation
from .detail import Detail, Level
from .warping import Mapping, inverse, positions, warped

# Cells as they come out of interpolation: from where they count as a stroke, as a strong one, and
# up to where there is none near them.
_STROKE, _STRONG, _NONE = 0.7, 1.4, 0.3

_EDGE = 2.0  # cells along the edges of pictures, where what is beyond shows
_MARGIN = 4  # cells along the edge of what both show, where strokes that contradict do not count

_ALIKE = 0.5  # the correlation of blocks that agree
_DIFFERENT_CELLS = 3  # of a block that differs


@frozen(eq=False)
class Agreement:
    """How far two pictures are the same under a mapping.

    Attributes:
        mapping: From the coarse picture to the fine one; see `warping`.
        blocks: How many blocks with detail both pictures show.
        correlation: The mean correlation of these, -1 to 1.
        alike: Which share of them agrees, 0 to 1.
        strokes: How many cells with strokes both pictures show, without those near the edges.
        contradicting: Which share of the strokes is dark in one picture and light in the other.
        contradicting_where_alike: The same of the strokes in blocks that agree: of a photo with a
            caption there are none, of another shot of the scene there are.
        missing: Which share is strong in one picture and absent in the other.
        covered: Which share of the coarse picture lies in the fine one, and the other way round.
        plainness: Of the one that lies in the other; see `Detail`.
        differing: Which blocks of the coarse picture differ, of shape (rows, columns).
        block_size: How wide and high a block is, in units of the sides of the coarse picture.
    """

    mapping: Mapping
    blocks: int
    correlation: float
    alike: float
    strokes: int
    contradicting: float
    contradicting_where_alike: float
    missing: float
    covered: tuple[float, float]
    plainness: float
    differing: NDArray[np.bool_]
    block_size: tuple[float, float]


def agreement(fine: Detail, coarse: Detail, mapping: Mapping, level: int = 0) -> Agreement:
    """How far two pictures are the same.

    Args:
        fine, coarse: The pictures; a cell of `fine` is no larger than one of `coarse`.
        mapping: From `coarse` to `fine`.
        level: The level of `coarse` that is looked at.
    """
    target = coarse.levels[level]
    moved = warped(fine, target.shape, mapping)
    shown = _shown(fine, target.shape, mapping)
    interior = _eroded(shown, _MARGIN)
    moved, target = moved * shown, target * shown

    strokes = ((np.abs(moved) > _STROKE) | (target != 0)) & interior
    contradicting = (moved * target < 0) & (np.abs(moved) > _STROKE)
    missing = _is_missing(moved, target) | _is_missing(target, moved)
    energies, others, products, areas, strokes_by_block, contradicting_by_block, differing = (
        block_sums(
            np.stack(
                [
                    moved * moved,
                    target * target,
                    moved * target,
                    shown,
                    strokes,
                    contradicting & interior,
                    contradicting | missing,
                ]
            ).astype(np.float32)
        )
    )
    has_detail = (areas > BLOCK**2 / 2) & (np.maximum(energies, others) > LEAST_ENERGY * areas)
    correlations = correlation(products, energies, others)
    blocks = int(has_detail.sum())
    is_alike = has_detail & (correlations > _ALIKE)
    count = int(strokes_by_block.sum())
    covered = _covered(coarse, mapping), _covered(fine, inverse(mapping))
    weights = np.array(covered) ** 4
    return Agreement(
        mapping=mapping,
        blocks=blocks,
        correlation=float(correlations[has_detail].mean()) if blocks else 0.0,
        alike=int(is_alike.sum()) / blocks if blocks else 0.0,
        strokes=count,
        contradicting=float(contradicting_by_block.sum()) / max(count, 1),
        contradicting_where_alike=float(contradicting_by_block[is_alike].sum())
        / max(float(strokes_by_block[is_alike].sum()), 1),
        missing=int((missing & interior).sum()) / max(count, 1),
        covered=covered,
        plainness=float(weights @ (coarse.plainness, fine.plainness) / max(weights.sum(), 1e-9)),
        differing=has_detail & (differing >= _DIFFERENT_CELLS),
        block_size=(BLOCK / target.shape[1], BLOCK / target.shape[0]),
    )


def _shown(fine: Detail, shape: tuple[int, int], mapping: Mapping) -> NDArray[np.bool_]:
    """Which cells both pictures show, without those along their edges."""
    rows, columns = fine.levels[0].shape
    across, down = positions(shape, mapping, (rows, columns))
    is_shown: NDArray[np.bool_] = (
        (across > _EDGE) & (across < columns - _EDGE) & (down > _EDGE) & (down < rows - _EDGE)
    )
    edge = round(_EDGE)
    is_shown[:edge] = is_shown[-edge:] = False
    is_shown[:, :edge] = is_shown[:, -edge:] = False
    return is_shown


def _eroded(area: NDArray[np.bool_], margin: int) -> NDArray[np.bool_]:
    """A convex area, as what two pictures both show is, without a margin of so many cells."""
    padded = np.pad(area, margin)
    low, high = slice(None, -2 * margin), slice(2 * margin, None)
    eroded: NDArray[np.bool_] = (
        padded[low, low] & padded[low, high] & padded[high, low] & padded[high, high]
    )
    return eroded


def _is_missing(cells: Level, others: Level) -> NDArray[np.bool_]:
    """Where strokes are strong, and the other picture has none of their kind in any cell around."""
    highest, lowest = _around(others, np.maximum), _around(others, np.minimum)
    is_missing: NDArray[np.bool_] = ((cells > _STRONG) & (highest < _NONE)) | (
        (cells < -_STRONG) & (lowest > -_NONE)
    )
    return is_missing


def _around(cells: Level, extreme: np.ufunc) -> Level:
    """The highest or lowest of each cell and its neighbours."""
    across = cells.copy()
    extreme(across[:, 1:], cells[:, :-1], out=across[:, 1:])
    extreme(across[:, :-1], cells[:, 1:], out=across[:, :-1])
    both = across.copy()
    extreme(both[1:], across[:-1], out=both[1:])
    extreme(both[:-1], across[1:], out=both[:-1])
    return both


def _covered(picture: Detail, mapping: Mapping) -> float:
    """Which share of a picture a mapping takes into the other one."""
    x, y = positions((32, 32), mapping, (1, 1))
    return float(((x > 0) & (x < 1) & (y > 0) & (y < 1)).mean())
