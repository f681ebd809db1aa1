"""The columns of a stored fingerprint: written, read, and checked where others may have written."""

from typing import Any

import numpy as np
from pgvector import HalfVector
from psycopg.rows import TupleRow

from ..matching.detail import read_detail
from ..matching.fingerprint import Fingerprint
from ..matching.keypoints import KEYPOINT, STORED_BYTES

COLUMNS = "version, quality, pdq, embedding, keypoints, detail"
"""The names of the columns, in the order of `to_columns` and `from_columns`."""

PDQ_BYTES = 32
MAX_DETAIL_BYTES = 64 * 1024
MAX_VERSION = 2**31 - 1

# What is not as the service stores it would break a search, or take more memory than there is.
HAS_HASH = f"octet_length(pdq) = {PDQ_BYTES}"
HAS_KEYPOINTS = (
    f"octet_length(keypoints) <= {STORED_BYTES}"
    f" AND octet_length(keypoints) %% {KEYPOINT.itemsize} = 0"
)
HAS_DETAIL = f"octet_length(detail) <= {MAX_DETAIL_BYTES}"
MAX_QUALITY = 100


class DamagedFingerprint(ValueError):
    """What is stored of an image is no fingerprint that searches could work with."""


def to_columns(fingerprint: Fingerprint) -> tuple[Any, ...]:
    """What is stored of a fingerprint."""
    return (
        fingerprint.version,
        fingerprint.quality,
        fingerprint.pdq,
        HalfVector(fingerprint.embedding),
        fingerprint.keypoints[:STORED_BYTES],
        fingerprint.detail,
    )


def from_columns(row: TupleRow) -> Fingerprint:
    """The fingerprint that was stored.

    Raises:
        DamagedFingerprint: If what is stored is none.
    """
    version, quality, pdq, embedding, keypoints, detail = row
    fingerprint = Fingerprint(
        version=version,
        quality=quality,
        pdq=pdq,
        embedding=embedding.to_numpy().astype(np.float32),
        keypoints=keypoints,
        detail=detail,
    )
    try:
        check_fingerprint(fingerprint)
    except ValueError as error:
        raise DamagedFingerprint(str(error)) from None
    return fingerprint


def check_fingerprint(fingerprint: Fingerprint) -> None:
    """Check what is to be stored, or was.

    Raises:
        ValueError: If searches could not work with it; the message says why.
    """
    if not 1 <= fingerprint.version <= MAX_VERSION:
        raise ValueError(f"version must be from 1 to {MAX_VERSION}")
    if not 0 <= fingerprint.quality <= MAX_QUALITY:
        raise ValueError(f"quality must be from 0 to {MAX_QUALITY}")
    embedding = fingerprint.embedding
    if not (np.isfinite(embedding).all() and embedding.any()):
        raise ValueError("embedding must have finite numbers that are not all 0")
    check_compared(fingerprint.pdq, fingerprint.keypoints, fingerprint.detail)


def check_compared(pdq: bytes, keypoints: bytes, detail: bytes) -> None:
    """Check what is compared besides the embedding; raises `ValueError` as `check_fingerprint`."""
    if len(pdq) != PDQ_BYTES:
        raise ValueError(f"pdq must have {PDQ_BYTES} bytes, not {len(pdq)}")
    if len(keypoints) % KEYPOINT.itemsize or len(keypoints) > STORED_BYTES:
        raise ValueError(
            f"keypoints must be records of {KEYPOINT.itemsize} bytes, at most {STORED_BYTES} bytes "
            f"in all, not {len(keypoints)}"
        )
    if len(detail) > MAX_DETAIL_BYTES:
        raise ValueError(f"detail must have {MAX_DETAIL_BYTES} bytes at most, not {len(detail)}")
    if detail:
        try:
            read_detail(detail)
        except (ValueError, ArithmeticError) as error:
            raise ValueError(f"detail is none: {error}") from None
