"""Exporting a collection to a file, and importing it into the same or another database.

Both work while the service runs, and in memory that does not depend on the size of the collection.
An export that was interrupted is begun again, and an import goes on: what is there already is left
as it is. The statements about many images at once are of no use to the service, so they are here
and not with the other statements about these tables.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import psycopg
from attrs import asdict, evolve, frozen
from pgvector import HalfVector
from pgvector.psycopg import register_vector
from psycopg import IsolationLevel

from ..matching.fingerprint import MODEL_DIMENSIONS, MODEL_VERSION
from .collections import find_or_create_collection, read_collection
from .export_file import Counts, ExportWriter, new_export, records, verified
from .export_records import (
    Dimensions,
    ExportedDecision,
    ExportedImage,
    ExportedPart,
    Record,
    Source,
)

_BATCH = 500  # records

_IS_AS_IT_WAS = """EXISTS (
    SELECT 1 FROM images WHERE collection_id = %(collection_id)s
        AND image_id = %(image_id)s AND image_time = %(image_time)s
)"""


@frozen
class Imported:
    """What an import has done.

    Attributes:
        collection_id: The ID of the collection that has the images now.
        added: How many images were added.
        present: How many had been there before, the same as in the file.
        kept: How many images of the file were left out, as the collection has others of these IDs.
    """

    collection_id: str
    added: int
    present: int
    kept: int


def export_collection(database: str, collection_id: str, path: Path) -> Counts:
    """Write a collection to a file, as it is at one moment.

    Args:
        database: How to connect, as libpq takes it.
        collection_id: The ID of the collection.
        path: The file. If its name ends with .gz, it is compressed.

    Raises:
        ValueError: If there is no such collection.
        OSError: If the file exists already, or cannot be written.
    """
    with psycopg.connect(database) as connection:
        register_vector(connection)
        connection.commit()
        connection.isolation_level = IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        collection = read_collection(connection, collection_id)
        source = Source(
            collection.collection_id,
            collection.name,
            collection.user,
            collection.has_thumbnails,
            collection.has_parts,
        )
        with new_export(path) as file:
            writer = ExportWriter(file, source)
            for image in _images(connection, collection_id):
                parts = _parts(connection, collection_id, image) if source.has_parts else ()
                writer.write(evolve(image, parts=parts))
            for decision in _decisions(connection, collection_id):
                writer.write(decision)
            return writer.finish()


def _images(connection: psycopg.Connection, collection_id: str) -> Iterator[ExportedImage]:
    # A cursor with a name stays in the database, and gives the rows bit by bit.
    with connection.cursor("images", binary=True) as cursor:
        cursor.itersize = _BATCH
        cursor.execute(
            """
            SELECT image_id, image_time, version, quality, pdq, embedding, keypoints, detail,
                width, height, webp
            FROM images LEFT JOIN thumbnails USING (collection_id, image_id)
            WHERE collection_id = %s ORDER BY image_id
            """,
            (collection_id,),
        )
        for image_id, time, version, quality, pdq, embedding, keypoints, detail, *rest in cursor:
            vector = _float16(embedding)
            width, height, webp = rest
            size = None if width is None else (width, height)
            yield ExportedImage(
                *(image_id, time, version, quality, pdq, vector, keypoints, detail, size, webp)
            )


def _parts(
    connection: psycopg.Connection, collection_id: str, image: ExportedImage
) -> list[ExportedPart]:
    rows = connection.execute(
        """
        SELECT box, quality, pdq, embedding, keypoints, detail FROM parts
        WHERE collection_id = %s AND image_id = %s AND version = %s ORDER BY place
        """,
        (collection_id, image.image_id, image.version),
    )
    return [
        ExportedPart(tuple(box), quality, pdq, _float16(embedding), keypoints, detail)
        for box, quality, pdq, embedding, keypoints, detail in rows
    ]


def _float16(embedding: HalfVector) -> bytes:
    data: bytes = embedding.to_numpy().astype("<f2").tobytes()
    return data


def _decisions(connection: psycopg.Connection, collection_id: str) -> Iterator[ExportedDecision]:
    with connection.cursor("decisions") as cursor:
        cursor.itersize = _BATCH
        cursor.execute(
            """
            SELECT said.image_id, one.image_time, said.other_id, other.image_time
            FROM not_duplicates AS said
            JOIN images AS one ON one.collection_id = %(collection_id)s
                AND one.image_id = said.image_id
            JOIN images AS other ON other.collection_id = %(collection_id)s
                AND other.image_id = said.other_id
            WHERE said.collection_id = %(collection_id)s ORDER BY said.image_id, said.other_id
            """,
            {"collection_id": collection_id},
        )
        for row in cursor:
            yield ExportedDecision(*row)


def import_collection(
    database: str, path: Path, name: str | None = None, user: str | None = None
) -> Imported:
    """Add what was exported to a file to a collection, which is created if there is none.

    Nothing is done unless the whole file is as it was written, and every record of it can be
    stored. Images are never replaced. Those that are added wait to be compared with the others of
    the collection; see `Duplicates`. Thumbnails and parts are left out where the collection keeps
    none; one that is created keeps them if that of the file did.

    Args:
        database: How to connect, as libpq takes it.
        path: The file.
        name: The name of the collection; None for that of the one that was exported.
        user: The user who owns it; None for the one who owned that.

    Raises:
        UnusableExport: If the file is no export, or not as it was written.
        OSError: If it cannot be read.
    """
    with psycopg.connect(database, autocommit=True) as connection:
        register_vector(connection)
        dimensions = _known_dimensions(connection)
        source, _ = verified(path, dimensions)
        collection_id = find_or_create_collection(
            connection,
            name or source.name,
            user or source.user,
            source.collection_id,
            has_thumbnails=source.has_thumbnails,
            has_parts=source.has_parts,
        )
        added = present = kept = 0
        for batch in _batches(records(path, dimensions)):
            images = [record for record in batch if isinstance(record, ExportedImage)]
            decisions = [record for record in batch if isinstance(record, ExportedDecision)]
            with connection.transaction():
                new = _add_images(connection, collection_id, images)
                same = _count_same(connection, collection_id, images)
                _add_thumbnails(connection, collection_id, images)
                _add_parts(connection, collection_id, images)
                _add_decisions(connection, collection_id, decisions)
            added += new
            present += same - new
            kept += len(images) - same
    return Imported(collection_id, added, present, kept)


def _known_dimensions(connection: psycopg.Connection) -> Dimensions:
    """How long embeddings are: of the shipped model, and of those that services have used here.

    Each of these has left its index; see `embedding_index.index_embeddings`.
    """
    rows = connection.execute(
        r"""
        SELECT substring(indexname FROM '\d+$')::int,
            substring(indexdef FROM 'halfvec\((\d+)\)')::int
        FROM pg_indexes WHERE tablename = 'images' AND indexname ~ '^images_(by_)?embedding_\d+$'
        """
    ).fetchall()
    return {MODEL_VERSION: MODEL_DIMENSIONS, **dict(rows)}


def _batches(
    all_records: Iterable[Record],
) -> Iterator[list[ExportedImage | ExportedDecision]]:
    remaining = iter(all_records)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _add_images(
    connection: psycopg.Connection, collection_id: str, images: list[ExportedImage]
) -> int:
    """Add the images whose IDs are free; how many these are."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            WITH added AS (
                INSERT INTO images (
                    collection_id, image_id, image_time, version, quality, pdq, embedding,
                    keypoints, detail, width, height
                )
                VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (collection_id, image_id) DO NOTHING RETURNING image_id
            )
            INSERT INTO unpaired SELECT %s, image_id FROM added
            """,
            [
                (
                    *(collection_id, image.image_id, image.image_time, image.version),
                    *(image.quality, image.pdq, HalfVector(image.vector)),
                    *(image.keypoints, image.detail, *(image.size or (None, None))),
                    collection_id,
                )
                for image in images
            ],
        )
        return cursor.rowcount if images else 0


def _add_thumbnails(
    connection: psycopg.Connection, collection_id: str, images: list[ExportedImage]
) -> None:
    """Keep the thumbnails of images that the collection has as they were, if it keeps any."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""
            INSERT INTO thumbnails (collection_id, image_id, webp)
            SELECT %(collection_id)s, %(image_id)s, %(webp)s
            WHERE EXISTS (
                SELECT 1 FROM collections
                WHERE collection_id = %(collection_id)s AND has_thumbnails FOR SHARE
            ) AND {_IS_AS_IT_WAS}
            ON CONFLICT DO NOTHING
            """,
            [
                {
                    "collection_id": collection_id,
                    "image_id": image.image_id,
                    "image_time": image.image_time,
                    "webp": image.thumbnail,
                }
                for image in images
                if image.thumbnail is not None
            ],
        )


def _add_parts(
    connection: psycopg.Connection, collection_id: str, images: list[ExportedImage]
) -> None:
    """Keep the parts of images that the collection has as they were, if it keeps any."""
    with connection.cursor() as cursor:
        cursor.executemany(
            f"""
            INSERT INTO parts (
                collection_id, image_id, place, box, version, quality, pdq, embedding, keypoints,
                detail
            )
            SELECT %(collection_id)s, %(image_id)s, %(place)s, %(box)s::real[], %(version)s,
                %(quality)s, %(pdq)s, %(vector)s, %(keypoints)s, %(detail)s
            WHERE EXISTS (
                SELECT 1 FROM collections
                WHERE collection_id = %(collection_id)s AND has_parts FOR SHARE
            ) AND {_IS_AS_IT_WAS}
            ON CONFLICT DO NOTHING
            """,
            [
                {
                    "collection_id": collection_id,
                    "image_id": image.image_id,
                    "image_time": image.image_time,
                    "place": place,
                    "box": [*part.box],
                    "version": image.version,
                    "quality": part.quality,
                    "pdq": part.pdq,
                    "vector": HalfVector(part.vector),
                    "keypoints": part.keypoints,
                    "detail": part.detail,
                }
                for image in images
                for place, part in enumerate(image.parts)
            ],
        )


def _count_same(
    connection: psycopg.Connection, collection_id: str, images: list[ExportedImage]
) -> int:
    """How many of the images the collection has by now."""
    rows = connection.execute(
        """
        SELECT image_id, image_time, version, pdq FROM images
        WHERE collection_id = %s AND image_id = ANY(%s)
        """,
        (collection_id, [image.image_id for image in images]),
    ).fetchall()
    stored = set(rows)
    return sum(
        (image.image_id, image.image_time, image.version, image.pdq) in stored for image in images
    )


def _add_decisions(
    connection: psycopg.Connection, collection_id: str, decisions: list[ExportedDecision]
) -> None:
    """Keep the decisions about images that the collection has as they were."""
    with connection.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO not_duplicates (collection_id, image_id, other_id)
            SELECT %(collection_id)s, %(image_id)s, %(other_id)s
            WHERE EXISTS (
                SELECT 1 FROM images WHERE collection_id = %(collection_id)s
                    AND image_id = %(image_id)s AND image_time = %(image_time)s
            ) AND EXISTS (
                SELECT 1 FROM images WHERE collection_id = %(collection_id)s
                    AND image_id = %(other_id)s AND image_time = %(other_time)s
            )
            ON CONFLICT DO NOTHING
            """,
            [{"collection_id": collection_id, **asdict(said)} for said in decisions],
        )
