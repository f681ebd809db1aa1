"""How results are printed: as tables on a terminal, as lines in a pipe, as JSON where wanted."""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice

import click

_TABLE_ROWS = 1000  # that are laid out at once; the widths of columns are those of the first rows


def is_terminal() -> bool:
    """Whether somebody looks at the output."""
    return sys.stdout.isatty()


def print_json(value: object) -> None:
    """Print JSON, on one line; moments as in ISO 8601."""
    click.echo(json.dumps(value, default=datetime.isoformat))


def print_rows(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table with headings on a terminal, or else lines without, two spaces between cells.

    What is in cells is never taken for markup, and cannot move the cursor.
    """
    if not is_terminal():
        for row in rows:
            click.echo("  ".join(map(printable, row)))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    rows = iter(rows)
    is_first = True
    while some := list(islice(rows, _TABLE_ROWS)):
        table = Table(box=SIMPLE_HEAD if is_first else None, show_header=is_first, pad_edge=False)
        for heading in headings:
            table.add_column(heading, overflow="fold")
        for row in some:
            table.add_row(*(Text(printable(cell)) for cell in row))
        console.print(table)
        is_first = False


def printable(text: object) -> str:
    """A text without what would move the cursor, or cannot be written as UTF-8."""
    characters = str(text).encode(errors="backslashreplace").decode()
    return "".join(c if c.isprintable() or c == " " else ascii(c)[1:-1] for c in characters)


def counted(count: int, what: str) -> str:
    """A number of things as people read it: `1 file`, `2,000 files`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def size_text(size: int) -> str:
    """A number of bytes as people read it: `1.2 MB`."""
    value = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} TB"
