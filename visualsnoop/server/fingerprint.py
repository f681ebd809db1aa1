"""What is kept of a picture: enough to recognise its copies, and not the picture."""

from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnxruntime
import pdqhash
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

Floats: TypeAlias = NDArray[np.float32]

VERSION = 1
"""The version of the algorithm below. Fingerprints of different versions cannot be compared."""

MODEL = Path(__file__).parent / "models" / "efficientnet-lite0-512.onnx"

# The network sees about this many pixels, in sides that are multiples of its stride.
_AREA = 320 * 320
_STRIDE = 32
_SHORTEST, _LONGEST = 96, 960


@frozen(eq=False)
class Fingerprint:
    """What is kept of a picture.

    Attributes:
        version: The version of the algorithm that made it.
        quality: How much there is to recognise, from 0 (one colour) to 100, as PDQ measures it.
        pdq: The PDQ hash, 32 bytes. Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ
            Image-Hashing Algorithm", Facebook 2019.
        embedding: The features of a neural network, float32 of shape (512,) and length 1;
            scripts/export_model.py says how they are made.
    """

    version: int
    quality: int
    pdq: bytes
    embedding: Floats


class Fingerprinter:
    """Makes fingerprints of pictures, on one processor core.

    Args:
        model: The ONNX file of the network.
    """

    def __init__(self, model: Path = MODEL) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._session = onnxruntime.InferenceSession(
            model, options, providers=["CPUExecutionProvider"]
        )

    def fingerprint(self, picture: Image.Image) -> Fingerprint:
        """The fingerprint of an RGB picture as `decode` gives it."""
        bits, quality = pdqhash.compute(np.asarray(picture))
        (embeddings,) = self._session.run(None, {"pixels": network_input(picture)})
        return Fingerprint(
            version=VERSION,
            quality=int(quality),
            pdq=np.packbits(bits).tobytes(),
            embedding=embeddings[0],
        )


def network_input(picture: Image.Image) -> Floats:
    """A picture as the network takes it: float32 of shape (1, 3, height, width), 0 to 255.

    It keeps its shape, within the limits, and gets a fixed area, so that all are seen alike.
    """
    factor = (_AREA / (picture.width * picture.height)) ** 0.5
    width, height = (
        min(max(round(side * factor / _STRIDE) * _STRIDE, _SHORTEST), _LONGEST)
        for side in picture.size
    )
    scaled = picture.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(scaled, dtype=np.float32).transpose(2, 0, 1)[np.newaxis].copy()
