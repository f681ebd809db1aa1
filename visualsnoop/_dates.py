"""Dates as HTTP headers carry them."""

from datetime import datetime
from email.utils import parsedate_to_datetime


def http_date(value: str) -> datetime | None:
    """The time that a header names; None where it names none."""
    try:
        return parsedate_to_datetime(value).astimezone()
    except (ValueError, OverflowError):
        return None
