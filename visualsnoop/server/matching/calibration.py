"""Calibration of embedding models: which of their cosines mean what those of the shipped one mean.

Each network has a scale of its own: with one, photos of strangers have a cosine of 0.4 and more,
with another, copies have no more. All that is fitted here is fitted to the shipped model, so the
cosines of others are brought to its scale.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from attrs import asdict, field, frozen
from attrs.validators import and_, ge, le
from numpy.typing import NDArray


@frozen
class Calibration:
    """What cosines of a model mean.

    Attributes:
        look_alike: From which cosine on pictures may be look-alikes.
        copy: From which one on they may be copies.
        side: The width and height to which pictures are stretched for a model that takes any, in
            pixels; None if they keep their shape.
    """

    look_alike: float = field(validator=and_(ge(0.01), le(0.98)))
    copy: float = field(validator=le(0.99))
    side: int | None = None

    @copy.validator
    def _check_order(self, attribute: Any, value: float) -> None:
        if value <= self.look_alike:
            raise ValueError("the cosine of copies must be above that of look-alikes")

    def to_shipped(self, cosine: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cosines of this model, on the scale of the shipped one."""
        own = (-1, 0, self.look_alike, self.copy, 1)
        shipped = (-1, 0, SHIPPED.look_alike, SHIPPED.copy, 1)
        return np.interp(cosine, own, shipped)

    def write(self, model: Path) -> Path:
        """Write it beside a model; where."""
        file = calibration_file(model)
        values = {name: value for name, value in asdict(self).items() if value is not None}
        file.write_text(json.dumps(values, indent=2) + "\n")
        return file


SHIPPED = Calibration(look_alike=0.5, copy=0.75)
"""That of the shipped model, measured by scripts/bench/quality.py."""


def calibration_file(model: Path) -> Path:
    """Where the calibration of a model is written."""
    return model.with_suffix(".calibration.json")


def read_calibration(model: Path) -> Calibration | None:
    """The calibration that is written beside a model; None if there is none.

    Raises:
        ValueError: If it is damaged.
    """
    file = calibration_file(model)
    try:
        values: Mapping[str, Any] = json.loads(file.read_text())
        return Calibration(**values)
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"{file} is no calibration of a model ({error}): run visualsnoop calibrate again"
        ) from error


_BY_VERSION: dict[int, Calibration] = {}


def use_calibration(version: int, calibration: Calibration) -> None:
    """Have the cosines of fingerprints of a version mean what a calibration says."""
    _BY_VERSION[version] = calibration


def calibrated(cosine: NDArray[np.float64], version: int) -> NDArray[np.float64]:
    """Cosines of fingerprints of a version, on the scale of the shipped model."""
    calibration = _BY_VERSION.get(version)
    return cosine if calibration is None else calibration.to_shipped(cosine)
