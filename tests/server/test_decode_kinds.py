"""Reading every kind of PNG and TIFF: right, or refused by name, and never as something else.

`python -m tests.server.image_kinds` prints them all as a table.
"""

import re

import pytest

from .image_kinds import Kind
from .image_kinds.table import kinds, outcomes


@pytest.mark.parametrize("kind", list(kinds()), ids=lambda kind: kind.name)
def test_kind_is_read_right_or_refused_by_name(kind: Kind) -> None:
    for layout, outcome in outcomes(kind).items():
        if isinstance(kind.expected, str):
            assert re.search(kind.expected, outcome.message), layout
            continue
        assert not outcome.message, layout
        assert outcome.difference <= kind.tolerance, layout
        assert outcome.score >= 0.95, layout
        assert outcome.vips_score is None or outcome.vips_score >= 0.95, layout
