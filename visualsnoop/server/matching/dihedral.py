"""The eight ways to mirror and turn a picture, as its PDQ hash shows them."""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from visualsnoop_api.models.transform import KnownTransform as Transform

_Bits: TypeAlias = NDArray[np.bool_]

TRANSFORMS: tuple[Transform, ...] = (
    "none",
    "mirrored",
    "mirrored_rotated_180",
    "rotated_180",
    "mirrored_rotated_270",
    "rotated_270",
    "rotated_90",
    "mirrored_rotated_90",
)
"""What a picture is if its hash, changed in each of the eight ways, is that of the stored one."""

# The way back from each of them, by its index: only turns by 90 and 270 degrees are exchanged.
_INVERSES = np.array([0, 1, 2, 3, 4, 6, 5, 7])

_ROTATIONS: tuple[Transform, ...] = ("none", "rotated_90", "rotated_180", "rotated_270")
_MIRRORED_ROTATIONS: tuple[Transform, ...] = (
    "mirrored",
    "mirrored_rotated_90",
    "mirrored_rotated_180",
    "mirrored_rotated_270",
)


def rotation_transform(quarters: int, *, is_mirrored: bool) -> Transform:
    """What a picture is that was turned by some quarters clockwise, and mirrored before or not."""
    return (_MIRRORED_ROTATIONS if is_mirrored else _ROTATIONS)[quarters % 4]


def nearest_transforms(
    pdq: bytes, others: Sequence[bytes]
) -> tuple[NDArray[np.intp], NDArray[np.int64]]:
    """How to mirror and turn a picture so that its hash is nearest to that of each of others.

    With two pictures exchanged, the distance is the same and the transform the inverse.

    Args:
        pdq: The PDQ hash of the picture, 32 bytes.
        others: Those of the others.

    Returns:
        For each of the others the index of the transform in `TRANSFORMS`, and the distance in
        bits, 0 to 256; both of shape (len(others),).
    """
    distances = hash_distances(pdq, others)
    # Of transforms that are equally near, as with a symmetric picture, one and the same is chosen
    # from either side.
    is_second = np.array([other < pdq for other in others], bool)
    distances[is_second] = distances[is_second][:, _INVERSES]
    chosen = distances.argmin(axis=1)
    least = distances.min(axis=1)
    return np.where(is_second, _INVERSES[chosen], chosen), least


def hash_distances(pdq: bytes, others: Sequence[bytes]) -> NDArray[np.int64]:
    """How many bits hashes differ in, for each way to mirror and turn the one picture.

    Args:
        pdq: A PDQ hash, 32 bytes.
        others: The hashes to compare it with.

    Returns:
        Numbers of bits, 0 to 256, of shape (len(others), 8).
    """
    stored = np.ascontiguousarray(np.frombuffer(b"".join(others), np.uint64).reshape(-1, 4).T)
    own = dihedral_hashes(pdq).view(np.uint64).T
    differing = np.bitwise_count(own[:, :, np.newaxis] ^ stored[:, np.newaxis])
    distances: NDArray[np.int64] = differing.sum(axis=0, dtype=np.int64).T
    return distances


def dihedral_hashes(pdq: bytes) -> NDArray[np.uint8]:
    """The hashes that the eight ways to mirror and turn a picture would give, of shape (8, 32).

    A hash has one bit for each of 16 x 16 coefficients of a cosine transform: is it over the
    median? Mirroring a picture changes the sign of every other column (or row) of them, and
    turning it exchanges rows and columns. As the median is near 0, a changed sign is a changed
    bit. The result differs from a hash of the turned picture in about 7 bits of 256.
    """
    bits = np.unpackbits(np.frombuffer(pdq, np.uint8)).reshape(16, 16).astype(bool)
    variants = [
        turned ^ mirror
        for turned in (bits, bits.T)
        for mirror in (_NOTHING, _COLUMNS, _ROWS, _COLUMNS ^ _ROWS)
    ]
    return np.packbits(np.stack(variants).reshape(8, 256), axis=1)


_ODD = np.arange(16) % 2 == 1
_NOTHING: _Bits = np.zeros((16, 16), bool)
_COLUMNS: _Bits = np.broadcast_to(_ODD, (16, 16))
_ROWS: _Bits = _COLUMNS.T
