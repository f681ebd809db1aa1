"""Many images at once: what `Collection.add_images`, `delete_images` and `search_many` yield."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeAlias, TypeVar

from ._folders import files_in
from ._uploads import AsyncImageInput, ImageInput

__all__ = [
    "AsyncImageItem",
    "ImageItem",
    "Outcome",
    "Progress",
    "ProgressCallback",
    "walk_folder",
]

Item = TypeVar("Item")
T = TypeVar("T")

ImageItem: TypeAlias = str | os.PathLike[str] | tuple[str | None, ImageInput]
"""One of many images: a path, or a pair of ID and image."""

AsyncImageItem: TypeAlias = str | os.PathLike[str] | tuple[str | None, AsyncImageInput]
"""`ImageItem` for asyncio."""


@dataclass(frozen=True, slots=True)
class Outcome(Generic[Item, T]):
    """What became of one item.

        for outcome in collection.add_images(["beach.jpg", "missing.jpg"]):
            print(outcome.image_id, outcome.error or outcome.result)

    Attributes:
        item: The item as it was given.
        image_id: The ID of the image; None where it has none.
        result: The result of the service; None where there is none.
        error: What went wrong; None where nothing did.
        skipped: Whether nothing was done, as nothing was to do. Of an image to be added: the
            collection had an image of this ID before this run, which `result` is, or somebody else
            has added one meanwhile. Of an image to be deleted: there was none of this ID.
    """

    item: Item
    image_id: str | None
    result: T | None = None
    error: Exception | None = None
    skipped: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the work is.

        def tell(progress):
            print(f"{progress.done} of {progress.total}, {progress.failed} failed")

        list(collection.add_images(["beach.jpg"], on_progress=tell))

    Attributes:
        done: How many items are done, in one way or another.
        failed: How many of them ended in an error.
        skipped: How many of them were skipped.
        total: How many items there are; None where that is not known.
    """

    done: int
    failed: int
    skipped: int
    total: int | None


ProgressCallback: TypeAlias = Callable[[Progress], object]
"""Called after each item that is done."""


def walk_folder(folder: str | os.PathLike[str]) -> Iterator[tuple[str, Path]]:
    """Walk a folder and all folders below: pairs of ID and path, as `add_images` takes them.

        for image_id, path in walk_folder("photos"):
            print(image_id, path.stat().st_size)

    The ID is the path relative to the folder, with slashes: that of photos/2019/beach.jpg is
    "2019/beach.jpg". Every file is an item, whether it is an image or not; only what has a name
    that begins with a dot is left out. Links are followed. A folder below that cannot be read is an
    item, too, and an error when it is added.

    Args:
        folder: The path of the folder.

    Raises:
        OSError: If it is not a folder, or cannot be read.
    """
    for path in files_in(folder):
        yield path.relative_to(folder).as_posix(), path
