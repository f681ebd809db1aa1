"""The items of a run over many images: their image IDs, and their images."""

import os
from dataclasses import dataclass, field
from pathlib import Path
from tarfile import ExFileObject
from typing import Any, TypeAlias

from ._calls import checked_image_id
from ._image_readers import read_whole
from ._messages import shortened
from .exceptions import DuplicateImageIDError, InvalidImageIDError

PathInput: TypeAlias = str | os.PathLike[str]


@dataclass(frozen=True)
class TakenItem:
    """An item that was taken from those of a run.

    Attributes:
        item: The item as it was given.
        image_id: Its image ID; None where it has none.
    """

    item: Any
    image_id: str | None = None
    _image: Any = None
    _error: Exception | None = None

    def image(self) -> Any:
        """The image of the item.

        Raises:
            InvalidImageIDError: If the item cannot have this image ID.
            TypeError: If it is neither a path nor a pair of ID and image.
        """
        if self._error is not None:
            raise self._error
        return self._image


@dataclass
class ImageIDs:
    """The image IDs of a run, of which none may come twice."""

    _first_items: dict[str, str] = field(default_factory=dict)
    _count: int = 0

    def add(self, image_id: str, item: Any) -> None:
        """Take note of the ID of an item.

        Raises:
            DuplicateImageIDError: If an item before has it.
        """
        self._count += 1
        name = _name(item, self._count)
        first = self._first_items.setdefault(image_id, name)
        if first is not name:
            raise DuplicateImageIDError(
                f"{image_id!r} is already the ID of {first} in this run, so {name} was not added: "
                "pass relative_to=FOLDER to take paths as IDs, or pairs of ID and path"
            )


def take_item(
    item: Any, relative_to: PathInput | None = None, image_ids: ImageIDs | None = None
) -> TakenItem:
    """Take an item; what is wrong with it is raised when its image is asked for.

    Args:
        item: A path, or a pair of ID and image.
        relative_to: The folder in which a path is the ID; None to take the file name.
        image_ids: The IDs of the run, if none may come twice.
    """
    image_id = None
    try:
        image_id, image = _id_and_image(item, relative_to)
        if image_id is not None and image_ids is not None:
            image_ids.add(checked_image_id(image_id), item)
        return TakenItem(item, image_id, image)
    except Exception as error:
        return TakenItem(item, image_id, None, error)


def _id_and_image(item: Any, relative_to: PathInput | None) -> tuple[str | None, Any]:
    if isinstance(item, (str, os.PathLike)):
        return _path_id(item, relative_to), item
    if isinstance(item, tuple) and len(item) == 2:
        image_id, image = item
        if isinstance(image, ExFileObject):
            # The members of a tar archive share its position, so this one is read at once.
            image = read_whole(image)
        return image_id, image
    raise TypeError(
        f"an item must be a path or a pair (ID, image), not {type(item).__name__}; "
        "the ID may be None"
    )


def _path_id(path: PathInput, relative_to: PathInput | None) -> str:
    if relative_to is None:
        image_id = os.path.basename(os.fspath(path))
    else:
        image_id = _relative(path, relative_to)
    try:
        image_id.encode()
    except UnicodeEncodeError as error:
        raise InvalidImageIDError(
            f"the name of {_shown(path)} is not UTF-8, so it cannot be the image ID: "
            "pass a pair of ID and path"
        ) from error
    try:
        return checked_image_id(image_id)
    except InvalidImageIDError as error:
        raise InvalidImageIDError(
            f"{error.message}: {_shown(path)} makes no image ID, pass a pair of ID and path"
        ) from error


def _relative(path: PathInput, folder: PathInput) -> str:
    try:
        return Path(os.path.abspath(path)).relative_to(os.path.abspath(folder)).as_posix()
    except ValueError as error:
        raise InvalidImageIDError(
            f"{_shown(path)} is not in {_shown(folder)}, to which it should be relative"
        ) from error


def _name(item: Any, number: int) -> str:
    image = item[1] if isinstance(item, tuple) else item
    return _shown(image) if isinstance(image, (str, os.PathLike)) else f"item {number}"


def _shown(path: PathInput) -> str:
    return shortened(repr(os.fspath(path)))
