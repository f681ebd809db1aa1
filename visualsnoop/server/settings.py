"""How a service is set up."""

from datetime import timedelta
from pathlib import Path

from attrs import frozen

from .fingerprint import MODEL
from .vault import Vault


@frozen
class Settings:
    """How a service is set up.

    Attributes:
        database: How to connect to PostgreSQL, as libpq takes it.
        vault: What opens the secret keys that are stored there.
        max_body: How many bytes the body of a request may have.
        max_pixels: How many pixels a picture may have.
        date_window: How far the date of a request may be from now, either way.
        decode_time: After how many seconds the work on one picture is given up.
        workers: How many processes make fingerprints; None for one per processor core.
        models: The models of embeddings: the first is for new images, and queries are compared
            with the images of each.
    """

    database: str
    vault: Vault
    max_body: int = 32 * 1024 * 1024
    max_pixels: int = 100_000_000
    date_window: timedelta = timedelta(minutes=15)
    decode_time: float = 20.0
    workers: int | None = None
    models: tuple[Path, ...] = (MODEL,)


def default_data_folder() -> Path:
    """Where the data of a service are kept unless one says otherwise."""
    import platformdirs

    return Path(platformdirs.user_data_dir("visualsnoop", appauthor=False))
