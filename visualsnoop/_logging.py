"""The log of the SDK, and VISUALSNOOP_LOG, which shows it without a line of code."""

import logging
import os
import warnings

logger = logging.getLogger("visualsnoop")

_VARIABLE = "VISUALSNOOP_LOG"
_LEVELS = {"debug": logging.DEBUG, "info": logging.INFO}


def configure_from_environment() -> None:
    """Write the log to standard error where VISUALSNOOP_LOG is `debug` or `info`.

    Where the program has set up logging, only the level is set.
    """
    value = os.environ.get(_VARIABLE, "").strip().lower()
    if not value:
        return
    if value not in _LEVELS:
        warnings.warn(f"{_VARIABLE} must be 'debug' or 'info'", RuntimeWarning, stacklevel=4)
        return
    logger.setLevel(_LEVELS[value])
    if not logger.hasHandlers():
        handler = logging.StreamHandler()
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
        logger.addHandler(handler)
