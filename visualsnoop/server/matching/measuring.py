"""Measuring the calibration of an embedding model, by pictures that are all different."""

from collections.abc import Iterable

import numpy as np
from PIL import Image

from .calibration import Calibration
from .dihedral import hash_distances
from .fingerprinter import Fingerprinter
from .pdq import pdq_hash
from .scores import EVEN_DISTANCE

_FEWEST = 20  # pictures

# Of one picture in ten, the nearest other one is so near that it looks alike. Copies begin half way
# from there to the same picture: that gives what was measured with the shipped model and copies.
_LOOK_ALIKE = 90  # percentile


def measured(fingerprinter: Fingerprinter, pictures: Iterable[Image.Image]) -> Calibration:
    """The calibration of a model.

    Args:
        fingerprinter: With the model.
        pictures: As `decode` gives them. Copies of one another do not count.

    Raises:
        ValueError: If there are too few, or the model cannot tell them apart.
    """
    found = [(fingerprinter.embedding(each), pdq_hash(each)[0]) for each in pictures]
    if len(found) < _FEWEST:
        raise ValueError(
            f"There are {len(found)} pictures: to calibrate a model takes {_FEWEST} or more"
        )
    embeddings = np.stack([embedding for embedding, _ in found]).astype(np.float64)
    cosine = embeddings @ embeddings.T
    hashes = [pdq for _, pdq in found]
    distances = np.array([hash_distances(each, hashes).min(axis=1) for each in hashes])
    cosine[distances <= EVEN_DISTANCE] = -1
    nearest = cosine.max(axis=1)
    look_alike = round(max(float(np.percentile(nearest, _LOOK_ALIKE)), 0.01), 3)
    try:
        return Calibration(look_alike, round((1 + look_alike) / 2, 3), fingerprinter.side)
    except ValueError:
        raise ValueError(
            f"The model does not tell these pictures apart: the cosine of different ones is "
            f"{look_alike}. Is its output an embedding?"
        ) from None
