"""Scores: how sure it is that one picture is a copy of another, from 0 to 1.

From 0.7 on it is a copy, from 0.4 on a look-alike. The numbers here were fitted to one half of the
sets that scripts/bench/separation.py measures, and are reported on the other.

A preliminary score says which candidates are worth a look at their detail, which decides.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from .detail import PHOTO, PLAIN
from .geometry import GeometricMatch
from .verification import Verification

Scores: TypeAlias = NDArray[np.float64]

COPY = 0.7
"""The score from which on a picture is a copy."""

LOOK_ALIKE = 0.4
"""The score from which on a picture is a look-alike, and below which it is a stranger."""

BEST_OF_PART = 0.95
"""The best score of pictures that agree in a part only: they need not be the same."""

EVEN_DISTANCE = 64
"""The distance of two hashes, in bits of 256, at which it is even odds that one is a copy."""

# How fast these odds change with the distance.
_SPREAD = 6

# What pictures with many keypoints each that do not agree lose of their preliminary score.
_UNSUPPORTED = 0.1

# Of what detail does not bear out, the score is pressed into what look-alikes have: from the first
# on, so much of the rest is left.
_DOUBTFUL = 0.5
_OF_DOUBTFUL = 0.2

# Plain pictures are edited as a whole, so strokes that contradict each other tell another page: so
# many of all strokes, or so many missing, are half way.
_CONTRADICTING, _MISSING = 0.004, 0.0016
_STEEPNESS = 3
_FEW_STROKES = 20  # of which less can be said
_COLOURS, _COLOUR_SPREAD = 55.0, 3.0  # levels

# Photos get captions and stickers, and the shots of a series have much in common: log odds, by the
# share of blocks that is alike; by the shares of strokes that contradict each other in all blocks
# and in those that are alike, up to a limit; and by the share of bits of the hash that are the same
# beyond those of strangers. What has moved on its own tells shots of a series, beyond what copies
# have of it by accident.
_ALIKE, _CONTRADICTION, _CONTRADICTION_WHERE_ALIKE, _SAME_BITS = 2.0, -60.0, -150.0, 4.0
_BIAS = 1.3
_PARALLAX, _ACCIDENTAL_PARALLAX = -60.0, 0.02
_MOST_WHERE_ALIKE = 0.02
_STRANGE_DISTANCE = 100
_SHRINKING = 3  # blocks that are taken to differ, for few blocks can agree by accident

# Pictures without detail are the same if their colours differ by no more than JPEG makes of them.
_FLAT_COLOURS, _FLAT_SPREAD = 7.0, 0.6  # levels


def by_embedding(cosine: Scores, is_unsupported: NDArray[np.bool_]) -> Scores:
    """Cosines as scores: 0.7 from where they tell copies, 0.4 from where they tell look-alikes.

    Those cosines, 0.75 and 0.5, were measured with the shipped model by scripts/bench/quality.py.
    """
    scores: Scores = np.maximum(0.8 * cosine, 1.2 * cosine - 0.2) - _UNSUPPORTED * is_unsupported
    return scores


def by_hash(distances: NDArray[np.int64]) -> Scores:
    """A logistic function of the distance of two PDQ hashes, in bits."""
    scores: Scores = 1 / (1 + np.exp((distances - EVEN_DISTANCE) / _SPREAD))
    return scores


def by_keypoints(matches: Sequence[GeometricMatch | None], cosine: Scores) -> Scores:
    """Scores by the keypoints that agree.

    Those of different pictures do as well if they show the same caption, or stand in the same
    screenshot. These are few of all keypoints, and the rest of the pictures is not alike: so it
    counts which share they are, and the cosine (weights fitted to such pictures and to copies).
    """
    ratios = np.array([match.inlier_ratio if match else 0.0 for match in matches])
    scores: Scores = BEST_OF_PART / (1 + np.exp(8 - 16 * ratios - 9 * cosine))
    scores[ratios == 0] = 0
    return scores


def decided(preliminary: float, distance: int, verification: Verification) -> float:
    """The score of two pictures whose detail was compared.

    Args:
        preliminary: Their preliminary score.
        distance: That of their hashes, in bits.
        verification: What detail says about them.
    """
    if verification.agreement.blocks == 0:
        return preliminary
    share = _confirmed(distance, verification)
    copy = max(preliminary, COPY + (BEST_OF_PART - COPY) * verification.agreement.alike)
    return share * copy + (1 - share) * doubted(preliminary)


def decided_flat(verification: Verification) -> float:
    """The same of two pictures of which one has next to no detail: by their colours.

    The embeddings of such pictures say little, and so does their preliminary score.
    """
    difference = verification.colour_difference
    score = (1 + np.exp(-_FLAT_COLOURS / _FLAT_SPREAD)) / (
        1 + np.exp((difference - _FLAT_COLOURS) / _FLAT_SPREAD)
    )
    if verification.agreement.strokes > _FEW_STROKES:
        score *= _confirmed_plain(verification)
    return float(score)


def doubted(preliminary: float) -> float:
    """The score of two pictures whose detail says that they are not the same, or says nothing."""
    return min(preliminary, _DOUBTFUL + _OF_DOUBTFUL * (preliminary - _DOUBTFUL))


def _confirmed(distance: int, verification: Verification) -> float:
    """How sure it is by detail that two pictures are the same, 0 to 1."""
    plain = (verification.agreement.plainness - PHOTO) / (PLAIN - PHOTO)
    plain = min(max(plain, 0.0), 1.0)
    as_photo = _confirmed_photo(distance, verification)
    return plain * _confirmed_plain(verification) + (1 - plain) * as_photo


def _confirmed_plain(verification: Verification) -> float:
    found = verification.agreement
    contradictions = found.contradicting / _CONTRADICTING + found.missing / _MISSING
    by_colours = 1 + np.exp((verification.colour_difference - _COLOURS) / _COLOUR_SPREAD)
    by_strokes = 1 / (1 + contradictions**_STEEPNESS) * min(1.0, found.strokes / _FEW_STROKES)
    return float(by_strokes / by_colours)


def _confirmed_photo(distance: int, verification: Verification) -> float:
    found = verification.agreement
    alike = found.alike * found.blocks / (found.blocks + _SHRINKING)
    odds = (
        _BIAS
        + _ALIKE * alike
        + _CONTRADICTION * found.contradicting
        + _CONTRADICTION_WHERE_ALIKE * min(found.contradicting_where_alike, _MOST_WHERE_ALIKE)
        + _SAME_BITS * max(0.0, 1 - distance / _STRANGE_DISTANCE)
        + _PARALLAX * max(0.0, verification.parallax - _ACCIDENTAL_PARALLAX)
    )
    best = _BIAS + _ALIKE + _SAME_BITS
    return float(min(1.0, (1 + np.exp(-best)) / (1 + np.exp(-odds))))
