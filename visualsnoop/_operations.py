"""The methods of `Collection` that make one call of the API each."""

from abc import abstractmethod
from typing import TypeVar

from visualsnoop_api.models import (
    CollectionInfo,
    Comparison,
    ComparisonById,
    Decision,
    DuplicateList,
    Image,
    ImageList,
    SearchByIdResults,
    SearchResults,
)

from . import _calls
from ._calls import Call
from ._identity import Identity
from ._timeouts import TimeoutInput
from ._uploads import ImageInput, Picture

T = TypeVar("T")


class Operations(Identity):
    """What can be asked of a collection, one method for each operation of the API."""

    @abstractmethod
    def _send(self, call: Call[T], timeout: TimeoutInput) -> T: ...

    def get_collection(self, timeout: TimeoutInput = None) -> CollectionInfo:
        """Get what the service says of the collection now: `image_count` for one.

            print(collection.get_collection().image_count)

        Args:
            timeout: As in `add_image`.

        Raises:
            VisualSnoopError: If the answer cannot be had.
        """
        return self._send(_calls.get_collection(), timeout)

    def add_image(
        self,
        image: ImageInput,
        image_id: str | None = None,
        update_existing: bool = False,
        timeout: TimeoutInput = None,
    ) -> Image:
        """Add an image; never overwrite one, unless told to.

            image = collection.add_image("beach.jpg", "holiday/beach")
            print(image.image_id, image.image_time)

        Args:
            image: The image file: a path, a binary file object (from where it stands), its bytes,
                or an iterable of bytes. It is sent as a stream, never read whole.
            image_id: The ID to store it under, 1 to 100 characters; by default the service makes
                one, which is in the answer as `image_id`.
            update_existing: Replace the image that has this ID, if there is one.
            timeout: How long to wait for the server, in seconds: a number, or a `(connect, read)`
                tuple as in Requests. Each wait for more data may take that long.

        Returns:
            The image as it was added, with the `message` `Added` or `Updated`.

        Raises:
            ImageIDTakenError: If there is an image of this ID and `update_existing` is false.
            ImageRefusedError: If the service cannot read it as an image.
            TooLargeError: If it has too many bytes or pixels.
            ForbiddenError: If the keys are read-only.
            InvalidImageIDError: If the ID cannot be used.
            OSError, TypeError, ValueError: If `image` cannot be opened, or is empty.
            VisualSnoopError: If anything else goes wrong.
        """
        with Picture.open(image) as picture:
            return self._send(_calls.add_image(picture, image_id, update_existing), timeout)

    def delete_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Remove an image; the answer says what it was.

        Args:
            image_id: The ID of the image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of this ID.
            ForbiddenError: If the keys are read-only.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.delete_image(image_id), timeout)

    def get_image(self, image_id: str, timeout: TimeoutInput = None) -> Image:
        """Get what is known of an image: its ID, time and quality. The picture is not kept.

        Args:
            image_id: The ID of the image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.get_image(image_id), timeout)

    def get_images(
        self, start: str | None = None, count: int | None = None, timeout: TimeoutInput = None
    ) -> ImageList:
        """List the images, newest first, a page at a time; `iter_images` goes over all pages.

            page = collection.get_images(count=20)
            print(len(page.images), page.next_image_id)

        A page is a dictionary as all results are: `len(page)` counts its keys, and a page without
        images is true. `page.images` is the list.

        Args:
            start: The ID of the first image wanted: `next_image_id` of the page before.
            count: How many images to return at most, 1 to 1,000; 100 by default.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of the ID `start`.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.get_images(start, count), timeout)

    def search_images(
        self,
        image: ImageInput,
        timeout: TimeoutInput = None,
        *,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
    ) -> SearchResults:
        """Find the images that are similar to a picture, best first.

            for result in collection.search_images("cropped.jpg", min_score=0.7).results:
                print(result.id, result.score, result.transform)

        Args:
            image: The picture, as in `add_image`; it is not added to the collection.
            timeout: As in `add_image`.
            count: How many images to return at most, 1 to 1,000; 10 by default.
            min_score: The lowest score of a result, 0 to 1, 1 being the same picture. From 0.7 on
                results are copies with hardly an exception; down to 0.4, the default, more and
                more look-alikes are among them.
            offset: How many of the first results to leave out; 0 by default.

        Raises:
            ImageRefusedError: If the service cannot read it as an image.
            VisualSnoopError: If anything else goes wrong.
        """
        with Picture.open(image) as picture:
            return self._send(_calls.search_images(picture, count, min_score, offset), timeout)

    def search_images_by_id(
        self,
        image_id: str,
        timeout: TimeoutInput = None,
        *,
        count: int | None = None,
        min_score: float | None = None,
        offset: int | None = None,
    ) -> SearchByIdResults:
        """Find the images that are similar to a stored one, best first, without itself.

        Args:
            image_id: The ID of the stored image.
            timeout: As in `add_image`.
            count, min_score, offset: As in `search_images`.

        Raises:
            NotFoundError: If there is no image of this ID.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.search_images_by_id(image_id, count, min_score, offset), timeout)

    def compare_image(
        self, image_id: str, image: ImageInput, timeout: TimeoutInput = None
    ) -> Comparison:
        """Compare a picture with a stored image.

            print(collection.compare_image("holiday/beach", "cropped.jpg").score)

        Args:
            image_id: The ID of the stored image.
            image: The picture, as in `add_image`; it is not added to the collection.
            timeout: As in `add_image`.

        Returns:
            The `score`, 0 to 1, however low, and the `transform` by which the picture was made.

        Raises:
            NotFoundError: If there is no image of this ID.
            ImageRefusedError: If the service cannot read the picture as an image.
            VisualSnoopError: If anything else goes wrong.
        """
        with Picture.open(image) as picture:
            return self._send(_calls.compare_image(image_id, picture), timeout)

    def compare_images_by_id(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> ComparisonById:
        """Compare two stored images; the score is that of a search by the first.

        Args:
            image_id: The ID of the one image.
            other_id: The ID of the other image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of one of the IDs.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.compare_images_by_id(image_id, other_id), timeout)

    def get_duplicates(
        self,
        min_score: float | None = None,
        count: int | None = None,
        offset: int | None = None,
        timeout: TimeoutInput = None,
    ) -> DuplicateList:
        """List the groups of images that are copies of one another, best evidence first.

        `iter_duplicates` goes over all pages.

            for group in collection.get_duplicates(min_score=0.9).groups:
                print(group.score, [image.id for image in group.images])

        Args:
            min_score: How similar two images must be to be taken for copies, 0.5 to 1; 0.7 by
                default.
            count: How many groups to return at most, 1 to 1,000; 100 by default.
            offset: How many of the first groups to leave out; 0 by default.
            timeout: As in `add_image`.

        Returns:
            The groups of this page as `groups`, and how many there are in all as `group_count`.

        Raises:
            ServerError: With status 503, if many images that came at once have still to be
                compared with the others. Ask again: the service goes on with it.
            VisualSnoopError: If the answer cannot be had.
        """
        return self._send(_calls.get_duplicates(min_score, count, offset), timeout)

    def set_not_duplicates(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> Decision:
        """Say that two images are not duplicates, however similar they are.

        The service keeps this until it is taken back, or one of them is replaced or removed.

        Args:
            image_id: The ID of the one image.
            other_id: The ID of the other image.
            timeout: As in `add_image`.

        Raises:
            NotFoundError: If there is no image of one of the IDs.
            ForbiddenError: If the keys are read-only.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.set_not_duplicates(image_id, other_id), timeout)

    def unset_not_duplicates(
        self, image_id: str, other_id: str, timeout: TimeoutInput = None
    ) -> Decision:
        """Take back what `set_not_duplicates` said; nothing changes where nothing was said.

        Args:
            image_id, other_id, timeout: As in `set_not_duplicates`.

        Raises:
            NotFoundError: If there is no image of one of the IDs.
            ForbiddenError: If the keys are read-only.
            VisualSnoopError: If anything else goes wrong.
        """
        return self._send(_calls.unset_not_duplicates(image_id, other_id), timeout)
