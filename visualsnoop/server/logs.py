"""The log: a line for each request and for each event, for people or as JSON.

Lines tell the ID of the request that they are about. Secret keys, signatures and pictures are in
none of them, nor are image IDs, which may be names of files.
"""

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

REQUEST_ID: ContextVar[str | None] = ContextVar("request_id", default=None)
"""The ID of the request that is being answered."""

REQUESTS_LOGGER = "visualsnoop.requests"


def logging_configuration(log_format: str) -> dict[str, Any]:
    """The configuration of the log, as `logging.config.dictConfig` takes it.

    Args:
        log_format: "text" or "json".
    """
    formatter = {"text": TextFormatter, "json": JsonFormatter}[log_format]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": formatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "chosen"}},
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {"visualsnoop": {"level": "INFO"}},
    }


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "request_id": REQUEST_ID.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps({name: value for name, value in line.items() if value is not None})


class TextFormatter(logging.Formatter):
    """A line for people; failures are followed by their traceback."""

    def format(self, record: logging.LogRecord) -> str:
        parts = [_time(record), record.levelname.lower(), record.getMessage()]
        fields = {"request_id": REQUEST_ID.get(), **getattr(record, "fields", {})}
        parts += [f"{name}={value}" for name, value in fields.items() if value is not None]
        line = " ".join(parts)
        if record.exc_info:
            line = f"{line}\n{self.formatException(record.exc_info)}"
        return line


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
