"""The fingerprint of a picture: what is kept of it, to recognise its copies.

Its detail is a drawing of the picture, as fine as 128 x 128 cells; docs/similarity.md says what can
be seen in it.

Only data are here. `fingerprinter` computes them, with libraries that take time and memory to load.
"""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# A name in quotes, so that who only needs the path of the model does not load NumPy.
Floats: TypeAlias = "NDArray[np.float32]"

MODEL = Path(__file__).parent / "models" / "efficientnet-lite0-512.onnx"
"""The embedding model that comes with the service."""

MODEL_VERSION = 2
"""The version of fingerprints by `MODEL`. It changes with what makes them no more comparable.

The first of this version have no keypoints, and later ones no detail: the rest of them is compared.
"""

MODEL_DIMENSIONS = 512
"""How long the embeddings by `MODEL` are."""

FIRST_CUSTOM_VERSION = 1_000_000
"""The least version of fingerprints by a model that is not shipped."""


@frozen(eq=False)
class Fingerprint:
    """What is kept of a picture.

    Attributes:
        version: The version of the model and the algorithms behind it; fingerprints of different
            versions cannot be compared.
        quality: How much there is to recognise, from 0 (one colour) to 100, as PDQ measures it.
        pdq: The PDQ hash, 32 bytes. Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ
            Image-Hashing Algorithm", Facebook 2019.
        embedding: The features of a neural network, float32 of shape (dimensions,) and length 1;
            scripts/export_model.py says how those of the shipped model are computed.
        keypoints: Records of the type `keypoints.KEYPOINT`, the most distinct first; of a stored
            picture no more than `keypoints.STORED_SIZE` bytes.
        detail: As `detail.read_detail` reads it; empty if the picture was stored by a version that
            had none.
    """

    version: int
    quality: int
    pdq: bytes
    embedding: Floats
    keypoints: bytes
    detail: bytes = b""


def model_version(model: Path) -> int:
    """The version of fingerprints by a model: if it is not shipped, by a hash of the file.

    Args:
        model: An ONNX file.

    Raises:
        OSError: If it cannot be read.
    """
    if model == MODEL:
        return MODEL_VERSION
    digest = hashlib.sha256(model.read_bytes()).digest()
    return FIRST_CUSTOM_VERSION + int.from_bytes(digest[:4]) % 1_000_000_000
