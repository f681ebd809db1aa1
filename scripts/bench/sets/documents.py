"""Documents of one layout with other contents, and the copies that people have of documents.

`document("letter", layout=1, contents=5)` is always the same page. Pages of the same kind and
layout differ only in what is written in them; layouts of a kind differ in fonts, sizes, colours and
where things stand.
"""

import random
from collections.abc import Callable, Mapping
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from scripts.bench.edits import Edit, cropped, greyscale, reencoded, scaled, then, transposed

from .words import (
    amount,
    date,
    digits,
    fitting,
    font,
    paragraph,
    person,
    sentence,
    street,
    thing,
    town,
    words,
)

_Font: TypeAlias = ImageFont.FreeTypeFont
_TEXT_FONTS = ("DejaVuSans", "DejaVuSerif")
_DARK = ("#14213d", "#4a1942", "#0b3d2e", "#7a1f1f", "#333333", "#1d4e89")


def document(kind: str, layout: int, contents: int) -> Image.Image:
    """A page: one of `KINDS`, in a layout and with contents that numbers stand for."""
    return KINDS[kind](
        random.Random(f"{kind} layout {layout}"), random.Random(f"{kind} {layout} {contents}")
    )


class _Page:
    """A page to write on, from top to bottom."""

    def __init__(self, width: int, height: int, ground: str = "white") -> None:
        self.picture = Image.new("RGB", (width, height), ground)
        self.draw = ImageDraw.Draw(self.picture)
        self.width, self.height = width, height

    def write(
        self,
        x: float,
        y: float,
        text: str,
        using: _Font,
        colour: str = "#111111",
        anchor: str = "la",
    ) -> None:
        self.draw.text((x, y), text, fill=colour, font=using, anchor=anchor)

    def write_lines(
        self, x: float, y: float, text: str, width: float, using: _Font, colour: str = "#111111"
    ) -> float:
        """Write a text in lines of a width; where the next one would stand."""
        for line in fitting(text, width, using):
            self.write(x, y, line, using, colour)
            y += using.size * 1.4
        return y


def _letter(layout: random.Random, contents: random.Random) -> Image.Image:
    page = _Page(850, 1200)
    name, size = layout.choice(_TEXT_FONTS), layout.randrange(17, 24)
    text, heading = font(name, size), font(f"{name}-Bold", size + 14)
    colour, left = layout.choice(_DARK), layout.randrange(70, 110)
    sender = words(layout, 2).title()
    if layout.random() < 0.5:
        page.draw.rectangle((0, 0, page.width, 90), fill=colour)
        page.write(left, 25, sender, heading, "white")
    else:
        page.write(page.width - left, 40, sender, heading, colour, "ra")
        page.draw.line((left, 95, page.width - left, 95), fill=colour, width=3)
    for line, words_of_line in enumerate((person(contents), street(contents), town(contents))):
        page.write(left, 140 + line * size * 1.4, words_of_line, text)
    page.write(page.width - left, 250, date(contents), text, anchor="ra")
    y = 310.0
    page.write(left, y, f"Dear {person(contents)},", text)
    y += 2 * size
    while y < page.height - 320:
        sentences = contents.randrange(2, 6)
        y = page.write_lines(left, y, paragraph(contents, sentences), 850 - 2 * left, text) + size
    page.write(left, y, "With kind regards", text)
    page.write(left, y + 3 * size, person(contents), text)
    page.draw.line((left, 1150, 850 - left, 1150), fill="#999999")
    page.write(
        425, 1165, f"{sender} - {street(layout)} - {town(layout)}", font(name, 13), anchor="ma"
    )
    return page.picture


def _invoice(layout: random.Random, contents: random.Random) -> Image.Image:
    page = _Page(850, 1200)
    name, size = layout.choice(_TEXT_FONTS), layout.randrange(15, 19)
    text, bold = font(name, size), font(f"{name}-Bold", size)
    colour, left, rows = layout.choice(_DARK), 60, layout.randrange(8, 15)
    right = page.width - left
    page.write(left, 45, words(layout, 2).upper(), font(f"{name}-Bold", 34), colour)
    page.write_lines(left, 95, f"{street(layout)}, {town(layout)}", 400, text, "#555555")
    page.write(right, 60, "INVOICE", font(f"{name}-Bold", 30), anchor="ra")
    for line, label in enumerate(("Number", "Date", "Customer", "Due")):
        page.write(560, 140 + 26 * line, f"{label}:", bold)
        entry = digits(contents, 6) if line % 2 == 0 else date(contents)
        page.write(right, 140 + 26 * line, entry, text, anchor="ra")
    for line, entry in enumerate((person(contents), street(contents), town(contents))):
        page.write(left, 200 + 26 * line, entry, text)
    columns = (left, 420, 540, 660)
    page.draw.rectangle((left, 310, right, 345), fill=colour)
    for x, label in zip(columns, ("Item", "Quantity", "Price", "Total"), strict=True):
        page.write(x + 8, 317, label, bold, "white")
    used = contents.randrange(rows // 2, rows + 1)
    for row in range(rows):
        y = 345 + 38 * row
        page.draw.rectangle((left, y, right, y + 38), outline="#bbbbbb")
        if row < used:
            page.write(left + 8, y + 9, thing(contents), text)
            page.write(500, y + 9, str(contents.randrange(1, 40)), text, anchor="ra")
            page.write(640, y + 9, amount(contents, 100), text, anchor="ra")
            page.write(right - 8, y + 9, amount(contents), text, anchor="ra")
    y = 345 + 38 * rows + 30
    for label in ("Net", "VAT 20 %", "To pay"):
        page.write(560, y, label, bold)
        page.write(right - 8, y, amount(contents, 9000), bold, anchor="ra")
        y += 30
    note = paragraph(layout, 3)
    page.write_lines(left, 1060, note, right - left, font(name, 14), "#444444")
    return page.picture


def _form(layout: random.Random, contents: random.Random) -> Image.Image:
    """A form with boxes to fill in, much of it printed."""
    page = _Page(850, 1150, layout.choice(("white", "#fdf6e3", "#eef4fb")))
    name = layout.choice(_TEXT_FONTS)
    small, entry, colour = font(name, 13), font("DejaVuSansMono", 20), layout.choice(_DARK)
    page.write(60, 40, words(layout, 4).title(), font(f"{name}-Bold", 30), colour)
    y = page.write_lines(60, 90, paragraph(layout, 3), 730, small, "#444444") + 15
    ways = (person, street, town, date, lambda dice: digits(dice, 9), lambda dice: words(dice, 2))
    for row in range(layout.randrange(7, 11)):
        boxes = layout.randrange(1, 4)
        for box in range(boxes):
            left = 60 + 730 * box / boxes
            page.write(left, y, words(layout, 2).capitalize(), small, colour)
            page.draw.rectangle((left, y + 20, left + 730 / boxes - 15, y + 56), outline="#777777")
            filled = ways[(row + box) % len(ways)](contents)
            while entry.getlength(filled) > 730 / boxes - 30:
                filled = filled[:-1]
            page.write(left + 8, y + 25, filled, entry, "#10108a")
        y += 76
    for _ in range(4):
        page.draw.rectangle((60, y, 78, y + 18), outline="#333333", width=2)
        if contents.random() < 0.5:
            page.draw.line((62, y + 2, 76, y + 16), fill="#10108a", width=3)
            page.draw.line((62, y + 16, 76, y + 2), fill="#10108a", width=3)
        page.write(90, y + 1, sentence(layout), small)
        y += 30
    page.write(60, 1090, f"Date: {date(contents)}", entry, "#10108a")
    page.draw.line((450, 1115, 790, 1115), fill="#333333")
    points = [(460 + 15 * step, 1090 + contents.randrange(-18, 18)) for step in range(20)]
    page.draw.line(points, "#10108a", 2, "curve")
    return page.picture


def _slide(layout: random.Random, contents: random.Random) -> Image.Image:
    is_dark = layout.random() < 0.4
    colour = layout.choice(_DARK)
    page = _Page(1280, 720, colour if is_dark else "white")
    name = layout.choice(_TEXT_FONTS)
    ink = "white" if is_dark else "#222222"
    if not is_dark:
        page.draw.rectangle((0, 0, 1280, 120), fill=colour)
    title = words(contents, contents.randrange(3, 6)).capitalize()
    page.write(70, 35, title, font(f"{name}-Bold", 44), "white")
    y = 170.0
    for _ in range(contents.randrange(4, 7)):
        page.draw.ellipse((75, y + 14, 89, y + 28), fill="#e0a030")
        y = page.write_lines(
            110, y, words(contents, contents.randrange(4, 14)), 1050, font(name, 32), ink
        )
        y += 16
    page.draw.rectangle((0, 690, 1280, 720), fill="#e0a030")
    page.write(30, 695, words(layout, 3).title(), font(name, 18), "black")
    page.write(1250, 695, str(contents.randrange(1, 60)), font(name, 18), "black", "ra")
    return page.picture


def _chat(layout: random.Random, contents: random.Random) -> Image.Image:
    is_dark = layout.random() < 0.5
    page = _Page(720, 1280, "#101418" if is_dark else "#e5ddd5")
    bar, ink = layout.choice(_DARK), "#eeeeee" if is_dark else "#111111"
    mine, theirs = ("#005c4b", "#202c33") if is_dark else ("#dcf8c6", "#ffffff")
    text, small = font("DejaVuSans", layout.randrange(22, 27)), font("DejaVuSans", 15)
    y = 130.0
    while y < 1170:
        lines = fitting(words(contents, contents.randrange(2, 22)), 440, text)
        is_mine = contents.random() < 0.5
        width = max(text.getlength(line) for line in lines) + 40
        height = len(lines) * text.size * 1.4 + 40
        left = 700 - width if is_mine else 20
        page.draw.rounded_rectangle(
            (left, y, left + width, y + height), 16, fill=mine if is_mine else theirs
        )
        for number, line in enumerate(lines):
            page.write(left + 20, y + 12 + number * text.size * 1.4, line, text, ink)
        time = f"{contents.randrange(24):02}:{contents.randrange(60):02}"
        page.write(left + width - 12, y + height - 22, time, small, "#888888", "ra")
        y += height + 14
    page.draw.rectangle((0, 0, 720, 110), fill=bar)
    page.draw.ellipse((30, 25, 90, 85), fill="#cccccc")
    page.write(110, 38, person(contents), font("DejaVuSans-Bold", 26), "white")
    page.draw.rectangle((0, 1200, 720, 1280), fill=bar)
    page.draw.rounded_rectangle((20, 1215, 620, 1265), 25, fill="white")
    return page.picture


def _code(layout: random.Random, contents: random.Random) -> Image.Image:
    is_dark = layout.random() < 0.6
    page = _Page(1200, 800, "#1e1e1e" if is_dark else "#ffffff")
    text, left = font("DejaVuSansMono", layout.randrange(16, 22)), layout.choice((0, 220))
    inks = (
        ("#569cd6", "#ce9178", "#d4d4d4", "#6a9955")
        if is_dark
        else ("#0000cc", "#a31515", "#111111", "#007700")
    )
    page.draw.rectangle((0, 0, 1200, 40), fill="#3c3c3c" if is_dark else "#dddddd")
    page.write(left + 20, 9, f"{words(contents, 1)}.py", font("DejaVuSans", 17), inks[2])
    if left:
        page.draw.rectangle((0, 40, left, 800), fill="#252526" if is_dark else "#f3f3f3")
        for row in range(15):
            page.write(20, 60 + 30 * row, f"{words(layout, 1)}.py", font("DejaVuSans", 16), inks[2])
    indent, y, number = 0, 60.0, contents.randrange(1, 400)
    while y < 790:
        page.write(left + 60, y, str(number), text, "#858585", "ra")
        if contents.random() > 0.12:
            x = left + 85 + 4 * indent * text.getlength(" ")
            for _ in range(contents.randrange(1, 7)):
                token = words(contents, 1) + contents.choice(("", "(", ") =", ".", ",", ":", "[0]"))
                page.write(x, y, token, text, contents.choice(inks))
                x += text.getlength(token + " ")
            indent = max(0, min(4, indent + contents.choice((-1, 0, 0, 1))))
        y, number = y + text.size * 1.5, number + 1
    return page.picture


def _table(layout: random.Random, contents: random.Random) -> Image.Image:
    """A spreadsheet on a screen."""
    page = _Page(1200, 800)
    columns, height = layout.randrange(6, 10), layout.randrange(24, 34)
    text, width, colour = font("DejaVuSans", height - 13), 1140 / columns, layout.choice(_DARK)
    page.draw.rectangle((0, 0, 1200, 60), fill=colour)
    page.write(20, 18, words(contents, 3).title(), font("DejaVuSans-Bold", 20), "white")
    is_striped = layout.random() < 0.5
    headings = [words(layout, 1).capitalize() for _ in range(columns)]
    kinds = [layout.choice(("word", "amount", "number")) for _ in range(columns)]
    for row in range((800 - 60) // height + 1):
        y = 60 + row * height
        if row == 0 or (is_striped and row % 2):
            page.draw.rectangle((0, y, 1200, y + height), fill="#e3e3e3" if row == 0 else "#f2f6fb")
        page.draw.line((0, y, 1200, y), fill="#c8c8c8")
        page.write(50, y + 4, str(row or ""), text, "#777777", "ra")
        for column, kind in enumerate(kinds):
            x = 60 + column * width
            if row == 0:
                page.write(x + 6, y + 4, headings[column], text)
            elif kind == "word":
                page.write(x + 6, y + 4, words(contents, 1), text)
            else:
                entry = amount(contents, 90000) if kind == "amount" else digits(contents, 4)
                page.write(x + width - 6, y + 4, entry, text, anchor="ra")
    for column in range(columns + 1):
        page.draw.line((60 + column * width, 60, 60 + column * width, 800), fill="#c8c8c8")
    return page.picture


def _receipt(layout: random.Random, contents: random.Random) -> Image.Image:
    page = _Page(480, 1000, layout.choice(("white", "#f7f5ef")))
    size = layout.randrange(17, 21)
    text, bold = font("DejaVuSansMono", size), font("DejaVuSansMono-Bold", size + 8)
    page.write(240, 40, words(layout, 2).upper(), bold, anchor="ma")
    page.write(240, 85, street(layout), text, anchor="ma")
    page.write(240, 110, town(layout), text, anchor="ma")
    page.write(30, 160, f"{date(contents)}  No {digits(contents, 5)}", text)
    y = 200.0
    for _ in range(contents.randrange(8, 19)):
        page.write(30, y, thing(contents)[:20], text)
        page.write(450, y, amount(contents, 99), text, anchor="ra")
        y += size * 1.6
    page.write(30, y, "-" * 34, text)
    page.write(30, y + 30, "TOTAL", bold)
    page.write(450, y + 30, amount(contents, 900), bold, anchor="ra")
    page.write(240, y + 90, "Thank you", text, anchor="ma")
    for bar in range(60):
        if contents.random() < 0.5:
            page.draw.rectangle((90 + 5 * bar, 900, 93 + 5 * bar, 960), fill="black")
    return page.picture


KINDS: Mapping[str, Callable[[random.Random, random.Random], Image.Image]] = {
    "letter": _letter,
    "invoice": _invoice,
    "form": _form,
    "slide": _slide,
    "chat": _chat,
    "code": _code,
    "table": _table,
    "receipt": _receipt,
}
"""How each kind of document is drawn: by what decides on its layout, and on its contents."""


def turned(degrees: float) -> Edit:
    """Turned a little on a white ground, in a frame of the same size."""
    return lambda page: page.rotate(
        degrees, resample=Image.Resampling.BICUBIC, fillcolor=(255, 255, 255)
    )


def scanned(page: Image.Image) -> Image.Image:
    """As a scanner of an office gives it: greyish, noisy, not quite straight, as a JPEG."""
    dice = np.random.default_rng(7)
    skewed = page.rotate(
        -0.7, Image.Resampling.BICUBIC, fillcolor=(255, 255, 255), translate=(4, -6)
    )
    light = 0.9 - 0.08 * np.linspace(0, 1, page.width)[np.newaxis, :, np.newaxis]
    grey = np.asarray(greyscale(skewed.filter(ImageFilter.GaussianBlur(0.7))), np.float32)
    noisy = grey * light + dice.normal(0, 7, (page.height, page.width, 1)) + 8
    return reencoded("JPEG", quality=50)(Image.fromarray(noisy.clip(0, 255).astype(np.uint8)))


def photographed(page: Image.Image) -> Image.Image:
    """Lying on a table, by a telephone: from the side, with a shadow."""
    width, height = page.size
    table = Image.new("RGB", (round(width * 1.2), round(height * 1.2)), "#8a6f52")
    table.paste(page, (round(width * 0.1), round(height * 0.1)))
    corners = (-0.02, 0.01, 0.0, 1.02, 1.01, 0.98, 1.03, -0.03)
    quad = tuple(
        corner * (table.width, table.height)[place % 2] for place, corner in enumerate(corners)
    )
    seen = table.transform(table.size, Image.Transform.QUAD, quad, Image.Resampling.BICUBIC)
    shadow = (
        Image.linear_gradient("L").rotate(90).resize(seen.size).point(lambda x: 160 + x * 3 // 8)
    )
    return reencoded("JPEG", quality=70)(
        ImageChops.multiply(seen, Image.merge("RGB", (shadow, shadow, shadow)))
    )


DOCUMENT_EDITS: Mapping[str, Edit] = {
    "JPEG quality 30": reencoded("JPEG", quality=30),
    "half the size": scaled(1 / 2),
    "a third of the size": scaled(1 / 3),
    "grey": greyscale,
    "cropped to 90 %": cropped(0.9, 0.5, 0.5),
    "cropped to 70 %": cropped(0.7, 0.3, 0.2),
    "turned by 2°": turned(2),
    "turned by 90°": transposed(Image.Transpose.ROTATE_90),
    "scanned": scanned,
    "photographed": photographed,
    "a third, JPEG 40": then(scaled(1 / 3), reencoded("JPEG", quality=40)),
}
"""What happens to documents, by name."""
