"""Keypoints: distinct places of a picture, where they are and what they look like.

Source: D. Lowe, "Distinctive Image Features from Scale-Invariant Keypoints" (2004), known as SIFT.
Of what describes a place one bit for each number is kept, which is nearly as good.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

KEYPOINT = np.dtype(
    [
        # From the left and from the top, in units of the longer side.
        *(("x", "<u2"), ("y", "<u2")),
        # How large the place is, on a logarithmic scale, and how it lies.
        *(("size", "u1"), ("angle", "u1")),
        ("bits", "u1", 16),
    ]
)
"""A keypoint, in 22 bytes. `positions` and `poses` say what the numbers mean."""

KEPT_SIZE = 90 * KEYPOINT.itemsize
"""Of what `find_keypoints` gives, so many bytes are stored: PostgreSQL has them in one piece."""

_MOST = 300
_LONGEST_SIDE = 320  # pixels; more cost more, and do not help
_CELLS = 8
_POSITIONS = 65535
_STEPS = 16  # of sizes, to each doubling
_LEAST_SIZE = -12  # as a power of two

# One thread: there are as many processes as are wanted.
cv2.setNumThreads(1)


def find_keypoints(picture: Image.Image) -> bytes:
    """The most distinct places of a picture, spread over it.

    Args:
        picture: A picture as `decode` gives it.

    Returns:
        At most 300 records as `KEYPOINT` has them; any first part of them is spread as well.
    """
    grey = _grey(picture)
    detector = cv2.SIFT.create(nfeatures=_MOST, contrastThreshold=0.01)
    found, descriptors = detector.detectAndCompute(grey, None)
    if not found:
        return b""
    longest = max(grey.shape)
    places = np.array([keypoint.pt for keypoint in found])
    sizes = np.array([keypoint.size for keypoint in found]) / longest
    angles = np.array([keypoint.angle for keypoint in found])
    made = np.zeros(len(found), KEYPOINT)
    made["x"], made["y"] = (places / longest * _POSITIONS).clip(0, _POSITIONS).round().T
    made["size"] = (_STEPS * (np.log2(sizes) - _LEAST_SIZE)).round().clip(0, 255)
    made["angle"] = angles * 256 // 360
    made["bits"] = np.packbits(descriptors > np.median(descriptors, axis=1, keepdims=True), axis=1)
    strengths = np.array([keypoint.response for keypoint in found])
    # The detector may find some more that are as good as the last one.
    return made[_spread(places / grey.shape[::-1], strengths)[:_MOST]].tobytes()


def _grey(picture: Image.Image) -> NDArray[np.uint8]:
    factor = min(_LONGEST_SIDE / max(picture.size), 1)
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return np.asarray(picture.convert("L").resize((width, height), Image.Resampling.BILINEAR))


def _spread(places: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.intp]:
    """An order: the strongest place of each cell of a grid first, then the second ones..."""
    order = np.argsort(-strengths, kind="stable")
    column, row = (places[order] * _CELLS).astype(int).clip(0, _CELLS - 1).T
    before: dict[int, int] = {}
    turns = []
    for cell in (column + _CELLS * row).tolist():
        turns.append(before.get(cell, 0))
        before[cell] = turns[-1] + 1
    return order[np.argsort(turns, kind="stable")]


def count_keypoints(keypoints: bytes) -> int:
    """How many keypoints there are."""
    return len(keypoints) // KEYPOINT.itemsize


def read_keypoints(keypoints: bytes) -> NDArray[np.void]:
    """Keypoints as an array of `KEYPOINT`."""
    return np.frombuffer(keypoints, KEYPOINT)


def positions(keypoints: NDArray[np.void]) -> NDArray[np.complex128]:
    """Where keypoints are, as complex numbers x + iy, in units of the longer side."""
    found: NDArray[np.complex128] = (keypoints["x"] + 1j * keypoints["y"]) / _POSITIONS
    return found


def poses(keypoints: NDArray[np.void]) -> NDArray[np.complex128]:
    """How large keypoints are, in the same units, and how they lie, as complex numbers."""
    sizes = 2 ** (keypoints["size"] / _STEPS + _LEAST_SIZE)
    angles = keypoints["angle"] * (2 * np.pi / 256)
    found: NDArray[np.complex128] = sizes * np.exp(1j * angles)
    return found


def mirrored(keypoints: bytes) -> bytes:
    """The keypoints that a picture has when left and right are exchanged."""
    places = read_keypoints(keypoints).copy()
    places["x"] = _POSITIONS - places["x"]
    places["angle"] = 128 - places["angle"]
    bits = np.unpackbits(places["bits"], axis=1)[:, _MIRRORED_BITS]
    places["bits"] = np.packbits(bits, axis=1)
    return places.tobytes()


# SIFT describes 4 x 4 cells around a place, in the direction in which it lies, by 8 angles each:
# across that direction the cells are exchanged, and the angles are the other way round.
_MIRRORED_BITS = np.arange(128).reshape(4, 4, 8)[::-1, :, -np.arange(8) % 8].ravel()
