"""The command that measures which cosines of an embedding model tell copies."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

_MOST = 500  # pictures: more tell no more


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--model", required=True, help="The model: an ONNX file.")
def calibrate(folder: Path, model: str) -> None:
    """Measure what the cosines of an embedding model mean, for serve --model.

    FOLDER has pictures of the kind that you will store, all different: 20 to 500 of them. What was
    measured is written beside the model, where the service finds it when it starts.
    """
    from ..server.matching.embedding_models import NAMES, model_file
    from ..server.matching.fingerprinter import Fingerprinter
    from ..server.matching.measuring import measured

    if model in NAMES:
        raise click.UsageError(f"the model {model} is calibrated already")
    file = model_file(model)
    calibration = measured(Fingerprinter(file), _pictures(folder))
    click.echo(
        f"look-alikes from a cosine of {calibration.look_alike}, copies of {calibration.copy}"
    )
    click.echo(f"written to {calibration.write(file)}")


def _pictures(folder: Path) -> Iterator[Any]:
    """The pictures of a folder; what cannot be read is told and left out."""
    from ..server.matching.decode import decode
    from ..server.matching.errors import ImageTooLarge, UnreadableImage

    count = 0
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        if count == _MOST:
            return
        try:
            with path.open("rb") as file:
                yield decode(file)
            count += 1
        except (UnreadableImage, ImageTooLarge) as error:
            click.echo(f"left out {path}: {error}", err=True)
