"""Keypoints: where the distinct points of a picture are, and what they look like, as bytes.

Only NumPy is needed here. `detection` finds the keypoints of a picture, with OpenCV.

Source: D. Lowe, "Distinctive Image Features from Scale-Invariant Keypoints" (2004), known as SIFT.
Of a descriptor of 128 numbers one bit each is kept, which is nearly as good.
"""

import numpy as np
from numpy.typing import NDArray

KEYPOINT = np.dtype(
    [
        # From the left and from the top, in units of the longer side.
        *(("x", "<u2"), ("y", "<u2")),
        # The size on a logarithmic scale, and the orientation.
        *(("size", "u1"), ("angle", "u1")),
        ("bits", "u1", 16),
    ]
)
"""A keypoint, in 22 bytes. `positions` and `poses` say what the numbers mean."""

STORED_BYTES = 90 * KEYPOINT.itemsize
"""So much of the keypoints is stored of a picture: PostgreSQL has it in one piece."""

_POSITIONS = 65535
_STEPS = 16  # of sizes, to each doubling
_LEAST_SIZE = -12  # as a power of two


def to_bytes(
    points: NDArray[np.float64],
    sizes: NDArray[np.float64],
    degrees: NDArray[np.float64],
    descriptors: NDArray[np.float32],
) -> bytes:
    """Keypoints as records of `KEYPOINT`, in the order in which they are given.

    Args:
        points: x and y in units of the picture's longer side, of shape (n, 2).
        sizes: Their diameters in the same units, of shape (n,).
        degrees: Their orientations, clockwise from the right, 0 to 360, of shape (n,).
        descriptors: What SIFT says of each, of shape (n, 128).
    """
    records = np.zeros(len(points), KEYPOINT)
    records["x"], records["y"] = (points * _POSITIONS).clip(0, _POSITIONS).round().T
    records["size"] = (_STEPS * (np.log2(sizes) - _LEAST_SIZE)).round().clip(0, 255)
    records["angle"] = degrees * 256 // 360
    medians = np.median(descriptors, axis=1, keepdims=True)
    records["bits"] = np.packbits(descriptors > medians, axis=1)
    return records.tobytes()


def count_keypoints(keypoints: bytes) -> int:
    """The number of keypoints."""
    return len(keypoints) // KEYPOINT.itemsize


def read_keypoints(keypoints: bytes) -> NDArray[np.void]:
    """Keypoints as an array of `KEYPOINT`."""
    return np.frombuffer(keypoints, KEYPOINT)


def positions(keypoints: NDArray[np.void]) -> NDArray[np.complex128]:
    """Where keypoints are, as complex numbers x + iy, in units of the longer side."""
    found: NDArray[np.complex128] = (keypoints["x"] + 1j * keypoints["y"]) / _POSITIONS
    return found


def poses(keypoints: NDArray[np.void]) -> NDArray[np.complex128]:
    """Size, in the same units, and orientation of keypoints, as complex numbers."""
    sizes = 2 ** (keypoints["size"] / _STEPS + _LEAST_SIZE)
    angles = keypoints["angle"] * (2 * np.pi / 256)
    found: NDArray[np.complex128] = sizes * np.exp(1j * angles)
    return found


def mirrored(keypoints: bytes) -> bytes:
    """The keypoints that a picture has when left and right are exchanged.

    The mirror is the line x = 1/2, also for pictures that are higher than wide.
    """
    records = read_keypoints(keypoints).copy()
    records["x"] = _POSITIONS - records["x"]
    records["angle"] = 128 - records["angle"]
    records["bits"] = _MIRRORED_ANGLES[records["bits"][:, _MIRRORED_CELLS]]
    return records.tobytes()


# SIFT describes 4 x 4 cells around a keypoint, along its orientation, by 8 angles each, of which a
# byte has the bits: across it the cells are exchanged, and the angles are the other way round.
_MIRRORED_CELLS = np.arange(16).reshape(4, 4)[::-1].ravel()
_MIRRORED_ANGLES = np.packbits(
    np.unpackbits(np.arange(256, dtype=np.uint8)[:, np.newaxis], axis=1)[:, -np.arange(8) % 8]
)
