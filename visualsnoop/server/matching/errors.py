"""Why an image file is refused."""


class UnreadableImage(ValueError):
    """The data are not an image in a format that is read, or they are damaged."""


class ImageTooLarge(ValueError):
    """The picture has more pixels than are allowed."""
