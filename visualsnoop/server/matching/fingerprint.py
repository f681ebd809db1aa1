"""What is kept of a picture: enough to recognise its copies, and not the picture."""

import hashlib
from pathlib import Path
from typing import TypeAlias

import numpy as np
import onnxruntime
import pdqhash
from attrs import frozen
from numpy.typing import NDArray
from PIL import Image

from .keypoints import find_keypoints

Floats: TypeAlias = NDArray[np.float32]

MODEL = Path(__file__).parent / "models" / "efficientnet-lite0-512.onnx"
"""The model that comes with the service."""

_VERSION = 2  # of the algorithm below with MODEL

# The network sees about this many pixels, in sides that are multiples of its stride.
_AREA = 320 * 320
_STRIDE = 32
_SHORTEST, _LONGEST = 96, 960


@frozen(eq=False)
class Fingerprint:
    """What is kept of a picture.

    Attributes:
        version: The version of the algorithm that made it; those of different versions cannot be
            compared.
        quality: How much there is to recognise, from 0 (one colour) to 100, as PDQ measures it.
        pdq: The PDQ hash, 32 bytes. Source: "The TMK+PDQF Video-Hashing Algorithm and the PDQ
            Image-Hashing Algorithm", Facebook 2019.
        embedding: The features of a neural network, float32 of shape (dimensions,) and length 1;
            scripts/export_model.py says how those of the shipped model are made.
        keypoints: Distinct places of the picture, as `keypoints.find_keypoints` gives them; of a
            stored picture the first of them only.
    """

    version: int
    quality: int
    pdq: bytes
    embedding: Floats
    keypoints: bytes


class Fingerprinter:
    """Makes fingerprints of pictures, on one processor core.

    Args:
        model: An ONNX file. Its first input takes a picture as float32 of shape (1, 3, height,
            width), red, green and blue from 0 to 255; its first output is a vector of shape (1,
            dimensions). If the input has a fixed height and width, pictures are stretched to them;
            otherwise they keep their shape and get about 320 x 320 pixels.

    Attributes:
        version: The version of its fingerprints: 2 for the shipped model, for any other one a
            number that is made of the file.
        dimensions: How long its embeddings are.

    Raises:
        ValueError: If the file is not such a model.
    """

    def __init__(self, model: Path = MODEL) -> None:
        self.version = _VERSION if model == MODEL else version_of(model)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Without it, sums of 8-bit products overflow on processors that have AVX2 but no VNNI, and
        # embeddings differ from those of other machines (cosines of 0.78 to 0.97 were measured).
        options.add_session_config_entry("session.x64quantprecision", "1")
        try:
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0]
            self.dimensions = len(self._embedding(Image.new("RGB", (320, 320))))
        except Exception as error:
            raise ValueError(f"{model} cannot be used as a model: {error}") from error

    def fingerprint(self, picture: Image.Image) -> Fingerprint:
        """The fingerprint of an RGB picture as `decode` gives it."""
        bits, quality = pdqhash.compute(np.asarray(picture))
        return Fingerprint(
            version=self.version,
            quality=int(quality),
            pdq=np.packbits(bits).tobytes(),
            embedding=self._embedding(picture),
            keypoints=find_keypoints(picture),
        )

    def _embedding(self, picture: Image.Image) -> Floats:
        height, width = self._input.shape[2:]
        is_fixed = isinstance(height, int) and isinstance(width, int)
        pixels = network_input(picture, (width, height) if is_fixed else None)
        (vectors, *_) = self._session.run(None, {self._input.name: pixels})
        vector = np.asarray(vectors[0], dtype=np.float32)
        embedding: Floats = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return embedding


def version_of(model: Path) -> int:
    """A number over a million that stands for the content of a file."""
    digest = hashlib.sha256(model.read_bytes()).digest()
    return 1_000_000 + int.from_bytes(digest[:4]) % 1_000_000_000


def network_input(picture: Image.Image, size: tuple[int, int] | None = None) -> Floats:
    """A picture as a network takes it: float32 of shape (1, 3, height, width), 0 to 255.

    Args:
        picture: An RGB picture.
        size: Width and height; by default the picture keeps its shape, within limits, and gets a
            fixed area, so that all are seen alike.
    """
    scaled = picture.resize(size or _network_size(picture), Image.Resampling.BICUBIC)
    return np.asarray(scaled, dtype=np.float32).transpose(2, 0, 1)[np.newaxis].copy()


def _network_size(picture: Image.Image) -> tuple[int, int]:
    factor = (_AREA / (picture.width * picture.height)) ** 0.5
    width, height = (
        min(max(round(side * factor / _STRIDE) * _STRIDE, _SHORTEST), _LONGEST)
        for side in picture.size
    )
    return width, height
