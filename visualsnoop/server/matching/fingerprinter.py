"""Fingerprints of pictures, by ONNX Runtime, PDQ and the keypoints and filters of OpenCV.

Importing this takes tens of megabytes: what only reads fingerprints imports `fingerprint`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image

from .detection import find_keypoints
from .embedding_models import calibration_of
from .filtering import find_detail
from .fingerprint import MODEL, Fingerprint, Floats, model_version
from .pdq import pdq_hash
from .processor import sums_bytes_exactly

# The network sees about this many pixels, in sides that are multiples of its stride.
_AREA = 320 * 320
_AREA_OF_WINDOW = 256 * 256  # what is inserted at 5 % is found in less no more
_STRIDE = 32
_SHORTEST, _LONGEST = 96, 960


class Fingerprinter:
    """Computes fingerprints of pictures, on one processor core.

    Args:
        model: An ONNX file. Its first input takes a picture, red, green and blue from 0 to 255, as
            float32 of shape (1, 3, height, width) or as uint8 of shape (1, height, width, 3); its
            first output is a vector of shape (1, dimensions). If the input has a fixed height and
            width, or its calibration a side, pictures are stretched to that; otherwise they keep
            their shape and get about 320 x 320 pixels.

    Attributes:
        version: The version of its fingerprints, as `model_version` gives it.
        dimensions: How long its embeddings are.
        side: The width and height in which the model sees pictures; None for their own shape.

    Raises:
        ValueError: If the file is not such a model.
    """

    def __init__(self, model: Path = MODEL) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        # Without it, sums of 8-bit products overflow on processors that have AVX2 but no VNNI, and
        # embeddings differ from those of other machines (cosines of 0.78 to 0.97 were measured).
        # With VNNI they are the same bit for bit without it, in less than half the time.
        if not sums_bytes_exactly():
            options.add_session_config_entry("session.x64quantprecision", "1")
        try:
            self.version: int = model_version(model)
            self._session = onnxruntime.InferenceSession(
                model, options, providers=["CPUExecutionProvider"]
            )
            self._input = self._session.get_inputs()[0]
            self._size = self._fixed_size(calibration_of(model).side)
            self.dimensions: int = len(self.embedding(Image.new("RGB", (320, 320))))
        except Exception as error:
            raise ValueError(f"{model} cannot be used as a model: {error}") from error

    def fingerprint(self, picture: Image.Image) -> Fingerprint:
        """The fingerprint of an RGB picture as `decode` gives it."""
        pdq, quality = pdq_hash(picture)
        return Fingerprint(
            version=self.version,
            quality=quality,
            pdq=pdq,
            embedding=self.embedding(picture),
            keypoints=find_keypoints(picture),
            detail=find_detail(picture),
        )

    def fingerprint_of_window(
        self, picture: Image.Image, *, embedding: bool = True, rest: bool = True
    ) -> Fingerprint:
        """The fingerprint of a part of a picture, by which to search for what it shows.

        The network sees it in fewer pixels, for there are many windows, and they have few.

        Args:
            picture: The part.
            embedding, rest: Whether its embedding is wanted, which is all that most windows need,
                and the rest of it. What is not wanted is empty.
        """
        vector = self.embedding(picture, _AREA_OF_WINDOW) if embedding else np.zeros(0, np.float32)
        if not rest:
            return Fingerprint(self.version, 0, b"", vector, b"")
        pdq, quality = pdq_hash(picture)
        keypoints, detail = find_keypoints(picture), find_detail(picture)
        return Fingerprint(self.version, quality, pdq, vector, keypoints, detail)

    @property
    def side(self) -> int | None:
        return self._size[0] if self._size is not None and len({*self._size}) == 1 else None

    def _fixed_size(self, side: int | None) -> tuple[int, int] | None:
        """The width and height that the model takes; None for any."""
        self._has_bytes = self._input.type == "tensor(uint8)"
        height, width = self._input.shape[1:3] if self._has_bytes else self._input.shape[2:4]
        if isinstance(height, int) and isinstance(width, int):
            return width, height
        return None if side is None else (side, side)

    def embedding(self, picture: Image.Image, area: int = _AREA) -> Floats:
        """The embedding of an RGB picture, which is seen in about so many pixels if it can be."""
        size = self._size or network_size(picture, area)
        pixels: NDArray[Any] = network_input(picture, size)
        if self._has_bytes:
            pixels = pixels.transpose(0, 2, 3, 1).round().astype(np.uint8)
        (vectors, *_) = self._session.run(None, {self._input.name: pixels})
        vector = np.asarray(vectors[0], dtype=np.float32)
        embedding: Floats = vector / max(float(np.linalg.norm(vector)), 1e-12)
        return embedding


def network_input(picture: Image.Image, size: tuple[int, int] | None = None) -> Floats:
    """A picture as a network takes it: float32 of shape (1, 3, height, width), 0 to 255.

    Args:
        picture: An RGB picture.
        size: Width and height; by default the picture keeps its shape, within limits, and gets a
            fixed area, so that all are seen alike.
    """
    scaled = picture.resize(size or network_size(picture), Image.Resampling.BICUBIC)
    return np.asarray(scaled, dtype=np.float32).transpose(2, 0, 1)[np.newaxis].copy()


def network_size(picture: Image.Image, area: int = _AREA) -> tuple[int, int]:
    """The width and height in which a network sees a picture, in its shape, of about an area."""
    factor = (area / (picture.width * picture.height)) ** 0.5
    width, height = (
        min(max(round(side * factor / _STRIDE) * _STRIDE, _SHORTEST), _LONGEST)
        for side in picture.size
    )
    return width, height
