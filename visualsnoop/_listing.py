"""Listing all images of a collection while others add and delete some.

Nothing here does any input or output, so that it serves blocking and asynchronous code alike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visualsnoop_api.models import ImageList, ListedImage


@dataclass
class Listing:
    """The state of a listing: which page comes next, and which images were yielded already.

    Pages go from newer images to older ones. So an image that is newer than the last one was
    yielded, or came too late; only the IDs of the images of one instant have to be remembered.

    Attributes:
        start: The ID with which the next page starts; None for the newest image.
        is_finished: Whether there is no next page.
    """

    start: str | None = None
    is_finished: bool = False
    _last_page: list[str] = field(default_factory=list)
    _steps_back: int = 1
    _last_time: datetime | None = None
    _seen_at_last_time: set[str] = field(default_factory=set)

    def unseen(self, page: ImageList) -> Iterator[ListedImage]:
        """The images of the next page that were not yielded yet."""
        self.start = page.next_image_id
        self.is_finished = self.start is None
        self._last_page = [image.id for image in page.images]
        self._steps_back = 1
        for image in page.images:
            if self._is_unseen(image):
                yield image

    def start_is_gone(self) -> None:
        """Go back to an image that was yielded, as the one that was to come next is deleted.

        Twice as far each time, and at last to the newest image: whoever deletes as fast as this
        lists should not be asked for each image of a page in turn.
        """
        if self._steps_back <= len(self._last_page):
            self.start = self._last_page[-self._steps_back]
        else:
            self.start = None
        self._steps_back *= 2

    def _is_unseen(self, image: ListedImage) -> bool:
        if self._last_time is None or image.image_time < self._last_time:
            self._last_time = image.image_time
            self._seen_at_last_time = {image.id}
            return True
        if image.image_time > self._last_time or image.id in self._seen_at_last_time:
            return False
        self._seen_at_last_time.add(image.id)
        return True
