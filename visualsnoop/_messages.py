"""Texts of others in messages, cut to what people read."""

_MAX_LENGTH = 200


def shortened(text: str, length: int = _MAX_LENGTH) -> str:
    """The text, without its middle if it is long."""
    if len(text) <= length:
        return text
    return f"{text[: length * 2 // 3]}...{text[-length // 4 :]} ({len(text)} characters)"
