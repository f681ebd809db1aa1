"""Copies among the files of a folder, found by a service for the time being.

Fingerprints are kept in the cache of the user. Their image IDs tell a file by its path in the
folder, its size and its time, so that a file that has changed is another image.
"""

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from attrs import frozen

from .. import Collection
from ..bulk import walk_folder
from ..models import DuplicateGroup, Image
from .background_service import WITHOUT_PROXY, background_service, ending_in_order, forget_settings
from .duplicate_groups import all_groups
from .files import file_name
from .outcomes import Run, print_outcomes

# Keys of a run that was killed stop working.
_KEY_TIME = timedelta(days=7)


@frozen
class Copy:
    """A file that has copies, or is one.

    Attributes:
        path: Where it is.
        size: How many bytes it has.
        width: How many pixels wide it is, upright; 0 where that is not known.
        height: How many pixels high it is.
        modified: When it was last changed, in seconds since 1970.
    """

    path: Path
    size: int
    width: int
    height: int
    modified: float


@frozen
class CopyGroup:
    """Files that are copies of one another.

    Attributes:
        score: The highest score of two of them.
        keep: The one with the most pixels; of those with as many the largest, then the oldest.
        others: The others.
        file_count: How many there are, those included that the service does not list.
    """

    score: float
    keep: Copy
    others: Sequence[Copy]
    file_count: int

    @property
    def listed(self) -> Sequence[Copy]:
        """The one to keep, and the others."""
        return [self.keep, *self.others]

    @property
    def is_partial(self) -> bool:
        """Whether there are more than are listed."""
        return self.file_count > len(self.listed)

    @property
    def frees(self) -> int:
        """How many bytes are free if, of those that are listed, only one is kept."""
        return sum(copy.size for copy in self.others)


def folder_duplicates(folder: Path, min_score: float | None, concurrency: int) -> list[CopyGroup]:
    """Find the copies among the files of a folder and of those below.

    Raises:
        OSError: If the folder cannot be read, or the service not be run.
        VisualSnoopError: If the service fails.
    """
    files = _files(folder)
    with _collection_of(folder) as collection:
        _synchronise(collection, files, concurrency)
        groups = all_groups(collection, min_score)
        images = {
            image.id: collection.get_image(image.id) for group in groups for image in group.images
        }
    copies = {image_id: _copy(image, files[image_id]) for image_id, image in images.items()}
    return [_copy_group(group, copies) for group in groups]


def _files(folder: Path) -> dict[str, Path]:
    """The files of a folder by their image IDs, each once.

    Links are left out, and all but the first name of a file with several: without the file that it
    leads to a link is worth nothing, and without a further name nothing is freed.
    """
    real = folder.resolve()
    found: dict[tuple[int, int], tuple[str, Path]] = {}
    for name, path in walk_folder(real):
        if path.is_file() and path.resolve() == path:
            status = path.stat()
            image_id = _image_id(name, status)
            found.setdefault((status.st_dev, status.st_ino), (image_id, folder / name))
    return dict(found.values())


def _image_id(name: str, status: os.stat_result) -> str:
    identity = f"{name}\0{status.st_size}\0{status.st_mtime_ns}"
    return hashlib.sha256(identity.encode(errors="surrogateescape")).hexdigest()


@contextmanager
def _collection_of(folder: Path) -> Iterator[Collection]:
    """The collection of a folder, in the cache."""
    import platformdirs

    from ..server.storage.keys import create_keys, revoke_keys
    from ..server.storage.master_key import opened_vault
    from ..server.storage.opening import opened_database

    # The cache has a master key and a database of its own.
    forget_settings()
    data = platformdirs.user_cache_path("visualsnoop", appauthor=False) / "duplicates"
    name = file_name(folder.resolve())
    with ending_in_order(), opened_database(data, None) as url:
        keys = create_keys(
            url,
            name,
            "duplicates",
            opened_vault(url, data),
            expires=datetime.now(UTC) + _KEY_TIME,
        )
        try:
            with (
                background_service(data, "--port=0") as endpoint,
                Collection(keys.public_key, keys.secret_key, endpoint, WITHOUT_PROXY) as collection,
            ):
                yield collection
        finally:
            revoke_keys(url, keys.public_key)


def _synchronise(collection: Collection, files: dict[str, Path], concurrency: int) -> None:
    """Have the collection hold what the folder does."""
    stored = {image.id for image in collection.iter_images(page_size=1000)}
    gone = stored - files.keys()
    for outcome in collection.delete_images(gone, concurrency=concurrency, skip_missing=True):
        if outcome.error is not None:
            raise outcome.error
    new = [(image_id, path) for image_id, path in files.items() if image_id not in stored]
    if new:
        run = Run(
            title="Looking at pictures",
            count=len(new),
            name=lambda item: file_name(item[1]),
            skipped="it was there before",
            go_on="To go on, run the same command again",
            is_quiet=True,
        )
        added = collection.add_images(new, concurrency=concurrency, skip_existing=True)
        print_outcomes(collection, added, run)


def _copy_group(group: DuplicateGroup, copies: dict[str, Copy]) -> CopyGroup:
    keep, *others = sorted(
        (copies[image.id] for image in group.images),
        key=lambda copy: (-copy.width * copy.height, -copy.size, copy.modified, copy.path),
    )
    return CopyGroup(group.score, keep, others, group.image_count or len(group.images))


def _copy(image: Image, path: Path) -> Copy:
    status = path.stat()
    return Copy(path, status.st_size, image.width or 0, image.height or 0, status.st_mtime)
