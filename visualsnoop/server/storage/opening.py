"""Opening the database of a service, for its commands."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from ..matching.fingerprint import MODEL
from ..settings import default_data_folder
from .embedded import embedded_postgres
from .schema import upgrade


@contextmanager
def opened_database(data: Path | None, database: str | None) -> Iterator[str]:
    """How to connect to the database of a service, whose tables are brought up to date.

    Args:
        data: The folder of the embedded database; None for the platform's usual place.
        database: A PostgreSQL server to use instead.

    Errors of the database become `OSError` here, those of what is done with it included.

    Raises:
        ValueError: If both are given.
        OSError: If the folder cannot be used, the server not be reached, or the database fails.
    """
    if data is not None and database is not None:
        raise ValueError("give either a data folder or a database, not both")
    place = "the database" if database is not None else str(data_folder(data))
    with ExitStack() as stack:
        if database is None:
            database = stack.enter_context(embedded_postgres(data_folder(data)))
        try:
            upgrade(database)
            yield database
        except psycopg.errors.DiskFull as error:
            raise OSError(f"The disk of {place} is full: {error}") from error
        except psycopg.OperationalError as error:
            raise ConnectionError(f"The database cannot be reached: {error}") from error
        except psycopg.Error as error:
            raise OSError(f"The database has failed: {error}") from error


def data_folder(data: Path | None) -> Path:
    """The folder of the data of a service, from what the user has said."""
    return (data or default_data_folder()).expanduser().absolute()


def models_with(model: str | None) -> tuple[Path, ...]:
    """The models of a service: the shipped one, after the one of the user if there is any.

    Args:
        model: Its name or its path.

    Raises:
        ValueError: If there is none.
    """
    # It loads NumPy, which the commands about keys do without.
    from ..matching.embedding_models import model_file

    file = MODEL if model is None else model_file(model)
    return (MODEL,) if file == MODEL else (file, MODEL)
