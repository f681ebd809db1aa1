"""Verification by detail: how a picture lies on another one, and how far they are the same.

Hash and keypoints propose how; the proposal under which detail agrees best is the one.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
from attrs import frozen

from .agreement import Agreement, agreement
from .alignment import Alignment, aligned, correlation_under
from .colours import colour_difference
from .detail import LEVELS, Detail, is_plain
from .differences import Rectangle, differences
from .parallax import parallax
from .proposals import Proposal
from .warping import WHOLE, Mapping, inverse, mapped, matrix_in_middle

Region: TypeAlias = tuple[tuple[float, float], ...]
"""Four corners: upper left, upper right, lower right and lower left."""

# A proposal under which detail agrees so well needs no other beside it.
_SURE = 0.7

# Pictures of which a smaller share of the blocks is alike are no copies, wherever these are.
_LEAST_ALIKE = 0.3

# Mappings that differ by less in how well coarse detail correlates may both be right.
_AS_LIKELY = 0.1

# Mappings under which colours differ by so many levels more may both be right as well.
_AS_COLOURFUL = 2

_DIGITS = 6  # of mappings
_TINY = 1e-9
_COLOUR_RANGE = 255

_CORNERS = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])


@frozen(eq=False)
class Verification:
    """What detail says about two pictures.

    Attributes:
        mapping: From the query to the stored picture, in units of the sides of both.
        agreement: How far they are the same under it.
        colour_difference: As `colours.colour_difference` has it.
        covered: Which share of the query lies in the stored picture, and the other way round.
        parallax: Which share has moved on its own; see `parallax`.
    """

    mapping: Mapping
    agreement: Agreement
    colour_difference: float
    covered: tuple[float, float]
    parallax: float
    _onto_stored: Mapping

    def differences(self) -> Sequence[Rectangle]:
        """Where they differ, in units of the sides of the stored picture, largest first."""
        found = self.agreement
        return differences(found.differing, found.block_size, self._onto_stored)


def verify(
    query: Detail,
    stored: Detail,
    proposed: Sequence[Proposal],
) -> Verification:
    """Look at two pictures under each proposal, and keep the best.

    With the pictures exchanged, and the proposals inverted, the result is the inverse.

    Args:
        query, stored: The pictures.
        proposed: How the query may lie on the stored picture; at least one.
    """
    # One of two pictures is always laid on the other, whichever is the query, and rounded: or the
    # last digits would differ.
    is_first = query.data <= stored.data
    one, other = (query, stored) if is_first else (stored, query)
    mappings = [
        (inverse(proposal.mapping) if is_first else proposal.mapping).round(_DIGITS)
        for proposal in proposed
    ]
    exact = [mapping for mapping, each in zip(mappings, proposed, strict=True) if not each.is_rough]
    rough = [mapping for mapping, each in zip(mappings, proposed, strict=True) if each.is_rough]
    found = [aligned(one, other, mapping, is_rough=False) for mapping in exact]
    if rough and not any(_is_sure(each) for each in found):
        start = _likeliest(one, other, rough)
        found.append(aligned(one, other, start, is_rough=True))
    best = max(found, key=_goodness)
    is_from_query = best.coarse is query
    return Verification(
        mapping=best.mapping if is_from_query else inverse(best.mapping),
        agreement=best.agreement,
        colour_difference=colour_difference(best.fine, best.coarse, best.mapping),
        covered=best.agreement.covered if is_from_query else best.agreement.covered[::-1],
        parallax=_parallax(best),
        onto_stored=best.mapping if is_from_query else WHOLE,
    )


def verify_flat(query: Detail, stored: Detail) -> Verification:
    """The same of pictures with next to no detail, of which one can only be the other as a whole.

    What little detail they have is looked at as it is, and one that is darker is another.
    """
    one, other = sorted((query, stored), key=lambda each: (each.levels[0].size, each.data))[::-1]
    return Verification(
        mapping=WHOLE,
        agreement=agreement(one, other, WHOLE, level=1),
        colour_difference=colour_difference(one, other, WHOLE, same_exposure=True),
        covered=(1.0, 1.0),
        parallax=0.0,
        onto_stored=WHOLE,
    )


def _parallax(found: Alignment) -> float:
    """The parallax of photos that may be copies: plain pictures have no depth."""
    is_photo = not is_plain(found.agreement.plainness)
    if is_photo and found.agreement.alike > _LEAST_ALIKE:
        return parallax(found.fine, found.coarse, found.mapping)
    return 0.0


def _is_sure(found: Alignment) -> bool:
    return _goodness(found) > _SURE


def _goodness(found: Alignment) -> float:
    """By which of several alignments is the best: of flags, colours tell it as well as detail."""
    if not is_plain(found.fine.plainness):
        return found.agreement.correlation
    difference = colour_difference(found.fine, found.coarse, found.mapping)
    return found.agreement.correlation - difference / _COLOUR_RANGE


def _likeliest(one: Detail, other: Detail, mappings: Sequence[Mapping]) -> Mapping:
    """Of several mappings the one that seems right from afar: by coarse detail, then by colours."""
    if len(mappings) == 1:
        return mappings[0]
    values = [correlation_under(one, other, mapping, LEVELS - 1) for mapping in mappings]
    differences = {
        index: colour_difference(one, other, mappings[index])
        for index, value in enumerate(values)
        if value > max(values) - _AS_LIKELY
    }
    # A symmetric picture lies as it is rather than mirrored.
    least = min(differences.values())
    likely = [mappings[i] for i, value in differences.items() if value < least + _AS_COLOURFUL]
    return min(likely, key=lambda mapping: (np.abs(mapping - WHOLE).sum(), mapping.tolist()))


def region(mapping: Mapping) -> Region:
    """Where the corners of a picture lie on another one."""
    return tuple((round(x, 4), round(y, 4)) for x, y in mapped(_CORNERS, mapping).tolist())


def overlap(verification: Verification, share: float = 1.0) -> float:
    """Which share of two pictures is the same, 0 to 1.

    It is the intersection of their areas over the union, times the share of it that agrees.

    Args:
        verification: What detail says about the query and the stored picture.
        share: Which share of the picture that counts the query is, if it is a window of it.
    """
    query, stored = verification.covered
    # The areas, in units of that of the stored picture.
    area = abs(float(np.linalg.det(matrix_in_middle(verification.mapping))))
    intersection = (query * area + stored) / 2
    union = max(area / share + 1 - intersection, _TINY)
    return round(verification.agreement.alike * min(1, intersection / union), 4)
