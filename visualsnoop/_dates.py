"""Dates as HTTP headers carry them."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def http_date(value: str) -> datetime | None:
    """The time that a header names; None where it names none."""
    try:
        time = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    # A date without a zone, or of zone -0000, is in UTC.
    return time if time.tzinfo is not None else time.replace(tzinfo=UTC)
