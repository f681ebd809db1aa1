"""How similar a picture is to stored ones, by their fingerprints.

`rank` is what every search runs, and `compare` is the same for two pictures; the service runs both
in steps, between which it answers other requests. Whoever finds the candidates, be it the database
or a benchmark, gives their hashes, keypoints and detail as deep as a `Depth` says.

Embedding, hash and keypoints give a preliminary score, and say how one picture may lie on the
other. Where that may be a look-alike, detail decides.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from attrs import frozen
from visualsnoop_api.models.transform import KnownTransform as Transform

from .candidates import DEPTH, DEPTH_OF_WALK, CandidateFingerprint, Depth
from .detail import Detail, is_plain, read_detail, read_plainness
from .differences import Rectangle
from .dihedral import hash_distances
from .fingerprint import Fingerprint, Floats
from .preliminary import Preliminary, compare_roughly
from .proposals import proposals, transform_of
from .scores import COPY, Scores, decided, decided_flat, doubted
from .steps import Steps, finish
from .verification import Region, Verification, overlap, region, verify, verify_flat
from .warping import combined, flattened, is_in_front
from .windows import WHOLE, Box, area, into_window

__all__ = [
    "ALL_PLACES",
    "DEPTH",
    "DEPTH_OF_WALK",
    "CandidateFingerprint",
    "Depth",
    "Match",
    "compare",
    "compare_in_steps",
    "cosines",
    "rank",
    "rank_in_steps",
]

# Detail is compared of pictures with this preliminary score, or with keypoints that agree, which
# leaves out most strangers.
_WORTH_A_LOOK = 0.35

# A picture that is not flat, but nearly: the copy of a flat one may be such.
_NEARLY_FLAT = 40

# Pictures are the same if their embeddings are so near: those of one form with other entries have
# cosines of up to 0.995.
_SAME_COSINE = 0.998

# Of pictures with a smaller share of blocks alike, nothing says that both show something.
_LEAST_ALIKE = 0.25

# A copy that is so much of the query, of which so few blocks differ, is all that the query shows:
# photos with another one on 5 % of their area have 6 % that differ. (So have photos with captions.)
_MOST_OF_QUERY = 0.5
_FEW_DIFFERING = 0.05

ALL_PLACES = slice(None)
"""Every place of the results."""


@frozen
class Match:
    """A stored picture that was compared with a query.

    Attributes:
        index: Its place among those that were compared.
        score: How similar it is, from 0 to 1; 1 is the same picture.
        transform: How the query was mirrored and turned, where that can be told.
        region: Where the corners of the query lie in the stored picture, in units of its sides:
            upper left, upper right, lower right and lower left as the query shows them; None where
            nothing was found that both show.
        overlap: Which share of the two is the same, from 0 to 1: the intersection of their areas
            over the union, times the share of it that agrees; None if there is no detail in it.
        differences: Where they differ, in units of the sides of the stored picture, largest first;
            of a comparison only.
        is_copy_of_whole: Whether it is a copy of the query as a whole, which shows nothing else.
    """

    index: int
    score: float
    transform: Transform
    region: Region | None = None
    overlap: float | None = None
    differences: Sequence[Rectangle] = ()
    is_copy_of_whole: bool = False


def compare(query: Fingerprint, stored: Fingerprint) -> Match:
    """Compare two pictures, and find where they differ.

    With them exchanged, the score is the same, and transform and region are the inverse.
    """
    return finish(compare_in_steps(query, stored))


def compare_in_steps(query: Fingerprint, stored: Fingerprint) -> Steps[Match]:
    """As `compare`, in steps."""
    cosine = float(cosines(query.embedding, stored.embedding[np.newaxis])[0])
    candidate = CandidateFingerprint(
        cosine, stored.quality, stored.pdq, stored.keypoints, stored.detail
    )
    (match,) = yield from rank_in_steps(query, [candidate], find_differences=True)
    return match


def cosines(embedding: Floats, others: Floats) -> Scores:
    """The cosines of an embedding with others, of shape (len(others), dimensions)."""
    one, rows = embedding.astype(np.float64), others.astype(np.float64)
    lengths = np.sqrt((one * one).sum() * (rows * rows).sum(axis=1))
    products: Scores = (rows * one).sum(axis=1) / lengths
    return products


def rank(query: Fingerprint, candidates: Sequence[CandidateFingerprint]) -> list[Match]:
    """Compare a picture with candidates, given nearest embedding first, as `rank_in_steps` does."""
    return finish(rank_in_steps(query, candidates))


def rank_in_steps(
    query: Fingerprint,
    candidates: Sequence[CandidateFingerprint],
    *,
    find_differences: bool = False,
    window: Box = WHOLE,
    places: slice = ALL_PLACES,
) -> Steps[list[Match]]:
    """Compare a picture with candidates, given nearest embedding first; the best come first.

    Those that have a hash come first; the others are scored by the embedding alone. So if always
    as many have one, the results begin the same however many candidates there are: pages of
    results fit together.

    Scores fall from what was compared by its detail to what was not: only what is a copy by its
    hash is not held back by that.

    Args:
        query: The fingerprint of the picture.
        candidates: What it is compared with.
        find_differences: Whether to say where they differ.
        window: Which part of a picture the query is. The results are about that whole picture, with
            the score of the part.
        places: Which places of the results are wanted.
    """
    if not candidates:
        return []
    preliminary = yield from compare_roughly(query, candidates)
    own = read_detail(query.detail) if query.detail else None
    verified = yield from _verified(own, query, candidates, preliminary)
    scores = _scores(query, candidates, preliminary, verified)
    is_far = np.array([candidate.pdq is None for candidate in candidates])
    return [
        _match(
            index,
            float(scores[index]),
            preliminary.transform(index),
            verified.get(index),
            find_differences=find_differences,
            window=window,
        )
        for index in np.lexsort((-scores, is_far))[places].tolist()
    ]


def _verified(
    own: Detail | None,
    query: Fingerprint,
    candidates: Sequence[CandidateFingerprint],
    preliminary: Preliminary,
) -> Steps[Mapping[int, Verification]]:
    """What detail says about those candidates that may be more than strangers, by their index."""
    verified: dict[int, Verification] = {}
    if own is None:
        return verified
    for index, candidate in enumerate(candidates):
        if not candidate.detail or candidate.pdq is None:
            continue
        match = preliminary.keypoint_matches[index]
        if preliminary.is_flat[index]:
            if max(query.quality, candidate.quality) < _NEARLY_FLAT:
                yield
                verified[index] = verify_flat(own, read_detail(candidate.detail))
        elif match is not None or preliminary.scores[index] >= _WORTH_A_LOOK:
            yield
            stored = read_detail(candidate.detail)
            proposed = proposals(
                own,
                stored,
                hash_distances(query.pdq, [candidate.pdq])[0],
                match,
                have_keypoints=bool(preliminary.have_keypoints[index]),
            )
            verified[index] = verify(own, stored, proposed)
    return verified


def _scores(
    query: Fingerprint,
    candidates: Sequence[CandidateFingerprint],
    preliminary: Preliminary,
    verified: Mapping[int, Verification],
) -> Scores:
    """The score of each candidate; of those that are farther away, it is no higher."""
    scores = preliminary.scores.copy()
    for index, verification in verified.items():
        if preliminary.is_flat[index]:
            scores[index] = decided_flat(verification)
        else:
            distance = int(preliminary.hash_distances[index])
            scores[index] = decided(float(scores[index]), distance, verification)
    lowest = min((float(scores[index]) for index in verified), default=1.0)
    has_plain_query = _is_plain(query.detail)
    for index in np.flatnonzero((scores >= _WORTH_A_LOOK) & ~preliminary.is_flat).tolist():
        candidate = candidates[index]
        if index in verified:
            continue
        if candidate.keypoints is None:
            by_hash = float(preliminary.scores_by_hash[index])
            scores[index] = max(by_hash, doubted(float(scores[index])))
            if has_plain_query:
                scores[index] = min(scores[index], lowest)
        elif candidate.cosine < _SAME_COSINE and (has_plain_query or _is_plain(candidate.detail)):
            # Of documents, nothing but detail tells copies; images of old versions have none.
            scores[index] = doubted(float(scores[index]))
    is_far = np.array([candidate.pdq is None for candidate in candidates])
    scores[is_far] = scores[is_far].clip(0, scores[~is_far].min(initial=1))
    rounded: Scores = scores.round(4)
    return rounded


def _is_plain(detail: bytes | None) -> bool:
    return is_plain(read_plainness(detail)) if detail else False


def _match(
    index: int,
    score: float,
    transform: Transform,
    verification: Verification | None,
    *,
    find_differences: bool,
    window: Box,
) -> Match:
    if verification is None:
        return Match(index, score, transform, is_copy_of_whole=score >= COPY)
    found = verification.agreement
    covered = verification.covered[0] * area(window)
    differing = int(found.differing.sum()) / max(found.blocks, 1)
    # What is beyond a window may lie behind what is seen in it.
    mapping = combined(into_window(window), verification.mapping)
    if not is_in_front(mapping):
        mapping = combined(into_window(window), flattened(verification.mapping))
    is_found = found.alike >= _LEAST_ALIKE
    return Match(
        index,
        score,
        transform_of(verification.mapping) if is_found else transform,
        region(mapping) if is_found else None,
        overlap(verification, area(window)) if found.blocks else None,
        verification.differences() if find_differences else (),
        score >= COPY and covered >= _MOST_OF_QUERY and differing <= _FEW_DIFFERING,
    )
