"""Reports of searches and of duplicates: one HTML file each, with the pictures in it."""

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path

from attrs import frozen

from ..models import Point
from .pictures import data_uri, small_picture

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: light-dark(#666, #aaa); --mark: #e8590c;
  font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 80rem; padding: 1.5rem; }
h1 { font-size: 1.4rem; margin: 0 0 .25rem; }
h2 { font-size: 1rem; margin: 0 0 .75rem; }
p { margin: 0 0 1.5rem; color: var(--dim); }
section { border-top: 1px solid var(--line); padding: 1rem 0; }
ul { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr));
  list-style: none; margin: 0; padding: 0; }
figure { margin: 0; }
.picture { position: relative; display: inline-block; overflow: hidden; border-radius: 6px;
  line-height: 0; max-width: 100%; }
.picture img { max-width: 100%; max-height: 18rem; }
.picture svg { position: absolute; inset: 0; width: 100%; height: 100%; }
polygon { fill: #e8590c22; stroke: var(--mark); stroke-width: 2.5;
  vector-effect: non-scaling-stroke; }
.missing { display: grid; place-items: center; height: 9rem; border: 1px dashed var(--line);
  border-radius: 6px; color: var(--dim); }
figcaption { overflow-wrap: anywhere; margin-top: .4rem; }
small { display: block; color: var(--dim); }
"""

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<h1>{title}</h1>
<p>{summary}</p>
{sections}
</body>
</html>
"""


@frozen
class ReportPicture:
    """A picture in a report.

    Attributes:
        name: What it is called.
        source: Its file, or the bytes of it; None where it is not at hand.
        notes: What is said of it.
        regions: What is marked in it: corners in units of its width and height.
    """

    name: str
    source: Path | bytes | None
    notes: Sequence[str] = ()
    regions: Sequence[Sequence[tuple[float, float]]] = ()


@frozen
class Section:
    """Pictures of a report that belong together."""

    title: str
    pictures: Sequence[ReportPicture]


def write_report(file: Path, title: str, summary: str, sections: Iterable[Section]) -> None:
    """Write a report that needs no other file and no network.

    Args:
        file: Where it goes; a file that is there is replaced.
        title: What it is about.
        summary: What came out.
        sections: The pictures.

    Raises:
        OSError: If it cannot be written.
    """
    file.write_text(
        _PAGE.format(
            title=_text(title),
            summary=_text(summary),
            style=_STYLE,
            sections="\n".join(map(_section, sections)),
        ),
        encoding="utf-8",
    )


def corners(region: Sequence[Point] | None) -> list[tuple[float, float]]:
    """The corners of a region as a report takes them; none where there is no region."""
    return [(point.x, point.y) for point in region or ()]


def region_in_query(region: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Where the stored image lies in the query, from where the query lies in the stored image.

    The mapping is taken for an affine one, which three corners tell; none where they are on a line.
    """
    if len(region) != 4:
        return []
    (left, top), (right_x, right_y), _, (below_x, below_y) = region
    a, b, c, d = right_x - left, below_x - left, right_y - top, below_y - top
    determinant = a * d - b * c
    if abs(determinant) < 1e-9:
        return []
    return [
        (
            (d * (x - left) - b * (y - top)) / determinant,
            (a * (y - top) - c * (x - left)) / determinant,
        )
        for x, y in ((0, 0), (1, 0), (1, 1), (0, 1))
    ]


def _section(section: Section) -> str:
    pictures = "\n".join(f"<li>{_figure(picture)}</li>" for picture in section.pictures)
    return f"<section><h2>{_text(section.title)}</h2>\n<ul>\n{pictures}\n</ul></section>"


def _figure(picture: ReportPicture) -> str:
    name = _text(picture.name)
    small = None if picture.source is None else small_picture(picture.source)
    if small is None:
        shown = '<div class="missing">no picture at hand</div>'
    else:
        width, height = small.size
        shown = (
            f'<div class="picture"><img src="{data_uri(small)}" width="{width}" height="{height}"'
            f' alt="{name}" loading="lazy">{_marks(picture.regions)}</div>'
        )
    notes = "".join(f"<small>{_text(note)}</small>" for note in picture.notes)
    return f"<figure>{shown}<figcaption>{name}{notes}</figcaption></figure>"


def _marks(regions: Sequence[Sequence[tuple[float, float]]]) -> str:
    polygons = "".join(
        f'<polygon points="{" ".join(f"{x:.4f},{y:.4f}" for x, y in region)}"/>'
        for region in regions
        if region
    )
    if not polygons:
        return ""
    return f'<svg viewBox="0 0 1 1" preserveAspectRatio="none" aria-hidden="true">{polygons}</svg>'


def _text(text: str) -> str:
    # What is no Unicode, of file names, cannot be written.
    return escape(text.encode(errors="replace").decode())
