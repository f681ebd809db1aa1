"""Finding the keypoints of a picture, by the SIFT of OpenCV."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .keypoints import to_bytes

_MOST = 300
_LONGEST_SIDE = 256  # pixels; more cost more, and do not help; in fewer, text is lost
_CELLS = 8

# One thread: there are as many processes as are wanted.
cv2.setNumThreads(1)


def find_keypoints(picture: Image.Image) -> bytes:
    """The most distinct keypoints of a picture, spread over it.

    Args:
        picture: A picture as `decode` gives it.

    Returns:
        At most 300 records of `keypoints.KEYPOINT`; any first part of them is spread as well.
    """
    grey = _grey(picture)
    detector = cv2.SIFT.create(nfeatures=_MOST, contrastThreshold=0.01)
    found, descriptors = detector.detectAndCompute(grey, None)
    if not found:
        return b""
    longest = max(grey.shape)
    points = np.array([keypoint.pt for keypoint in found])
    sizes = np.array([keypoint.size for keypoint in found])
    degrees = np.array([keypoint.angle for keypoint in found])
    strengths = np.array([keypoint.response for keypoint in found])
    # The detector may find some more that are as good as the last one.
    chosen = _spread(points / grey.shape[::-1], strengths)[:_MOST]
    return to_bytes(
        points[chosen] / longest,
        sizes[chosen] / longest,
        degrees[chosen],
        np.asarray(descriptors, np.float32)[chosen],
    )


def _grey(picture: Image.Image) -> NDArray[np.uint8]:
    factor = min(_LONGEST_SIDE / max(picture.size), 1)
    width, height = (max(1, round(side * factor)) for side in picture.size)
    return np.asarray(picture.convert("L").resize((width, height), Image.Resampling.BILINEAR))


def _spread(points: NDArray[np.float64], strengths: NDArray[np.float64]) -> NDArray[np.intp]:
    """An order: the strongest keypoint of each cell of a grid first, then the second ones..."""
    order = np.argsort(-strengths, kind="stable")
    column, row = (points[order] * _CELLS).astype(int).clip(0, _CELLS - 1).T
    before: dict[int, int] = {}
    turns = []
    for cell in (column + _CELLS * row).tolist():
        turns.append(before.get(cell, 0))
        before[cell] = turns[-1] + 1
    return order[np.argsort(turns, kind="stable")]
