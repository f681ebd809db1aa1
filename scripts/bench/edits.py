"""Edits that people make to pictures, for measuring how well the copies are found.

Each edit is a pure function from a picture to a picture; an edit that only shows in a file, such as
re-compression, writes the file and reads it again. `EDITS` are the usual ones, `HARD_EDITS` those
at which methods of this kind often fail. The model was fitted on both (scripts/export_model.py), so
there are also `UNSEEN_EDITS`, which it has never seen: other kinds and other strengths.
"""

import io
import random
from collections.abc import Callable, Mapping

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter, ImageFont, ImageOps

Edit = Callable[[Image.Image], Image.Image]


def reencoded(file_format: str, **options: object) -> Edit:
    def edit(picture: Image.Image) -> Image.Image:
        file = io.BytesIO()
        picture.save(file, file_format, **options)
        return Image.open(file).convert("RGB")

    return edit


def scaled(factor: float) -> Edit:
    def edit(picture: Image.Image) -> Image.Image:
        width, height = picture.size
        return picture.resize((max(1, round(width * factor)), max(1, round(height * factor))))

    return edit


def stretched(horizontally: float) -> Edit:
    return lambda picture: picture.resize((round(picture.width * horizontally), picture.height))


def transposed(method: Image.Transpose) -> Edit:
    return lambda picture: picture.transpose(method)


def rotated(degrees: float) -> Edit:
    """Turned on a black ground that is as large as the picture needs."""
    return lambda picture: picture.rotate(
        degrees, resample=Image.Resampling.BICUBIC, expand=True, fillcolor=(0, 0, 0)
    )


def cropped(area: float, x: float, y: float) -> Edit:
    """A part of the picture of its shape.

    Args:
        area: How much of the area is kept, 0 to 1.
        x: Where it lies from left to right: 0 at the left edge, 0.5 in the middle, 1 at the right.
        y: Where it lies from top to bottom.
    """

    def edit(picture: Image.Image) -> Image.Image:
        width, height = (round(side * area**0.5) for side in picture.size)
        left, top = round((picture.width - width) * x), round((picture.height - height) * y)
        return picture.crop((left, top, left + width, top + height))

    return edit


def brightened(factor: float) -> Edit:
    return lambda picture: ImageEnhance.Brightness(picture).enhance(factor)


def contrasted(factor: float) -> Edit:
    return lambda picture: ImageEnhance.Contrast(picture).enhance(factor)


def saturated(factor: float) -> Edit:
    return lambda picture: ImageEnhance.Color(picture).enhance(factor)


def greyscale(picture: Image.Image) -> Image.Image:
    return ImageOps.grayscale(picture).convert("RGB")


def sepia(picture: Image.Image) -> Image.Image:
    return ImageOps.colorize(ImageOps.grayscale(picture), "#2b1d0e", "#fff4e0")


def inverted_gamma(gamma: float) -> Edit:
    table = [round(255 * (level / 255) ** gamma) for level in range(256)]
    return lambda picture: picture.point(table * 3)


def blurred(radius: float) -> Edit:
    """Blurred by a Gaussian of so many hundredths of the longer side."""
    return lambda picture: picture.filter(
        ImageFilter.GaussianBlur(radius / 100 * max(picture.size))
    )


def sharpened(picture: Image.Image) -> Image.Image:
    return picture.filter(ImageFilter.UnsharpMask(radius=4, percent=200))


def noisy(strength: float) -> Edit:
    def edit(picture: Image.Image) -> Image.Image:
        bands = [
            Image.blend(band, Image.effect_noise(picture.size, 100), strength)
            for band in picture.split()
        ]
        return Image.merge("RGB", bands)

    return edit


def captioned(picture: Image.Image) -> Image.Image:
    """With a bar across the lower part that says something."""
    edited = picture.copy()
    draw = ImageDraw.Draw(edited)
    width, height = picture.size
    draw.rectangle((0, height * 0.8, width, height), fill="black")
    _write(draw, (width * 0.05, height * 0.84), "WHEN THE WEEKEND IS HERE", height // 14)
    return edited


def meme(picture: Image.Image) -> Image.Image:
    """On a white ground, with lines of text above and below."""
    width, height = picture.size
    band = height // 5
    edited = Image.new("RGB", (width, height + 2 * band), "white")
    edited.paste(picture, (0, band))
    draw = ImageDraw.Draw(edited)
    _write(draw, (width * 0.05, band * 0.25), "NOBODY AT ALL", band // 2, "black")
    _write(draw, (width * 0.05, height + band * 1.25), "ME ON MONDAY", band // 2, "black")
    return edited


def watermarked(picture: Image.Image) -> Image.Image:
    layer = Image.new("RGBA", picture.size, (0, 0, 0, 0))
    draw = ImageDraw.Draw(layer)
    width, height = picture.size
    for row in range(4):
        at = (width * 0.08 * row, height * (0.1 + 0.23 * row))
        _write(draw, at, "SAMPLE  SAMPLE", height // 8, (255, 255, 255, 110))
    return Image.alpha_composite(picture.convert("RGBA"), layer).convert("RGB")


def bordered(width: float, colour: str) -> Edit:
    """Framed by a border of so many hundredths of the longer side."""
    return lambda picture: ImageOps.expand(
        picture, round(width / 100 * max(picture.size)), fill=colour
    )


def letterboxed(picture: Image.Image) -> Image.Image:
    return ImageOps.pad(picture, (max(picture.size), max(picture.size)), color="black")


def in_perspective(picture: Image.Image) -> Image.Image:
    """As if photographed from the side."""
    width, height = picture.size
    # What is at (x, y) then was at (a x + b y + c, d x + e y + f) / (g x + h y + 1).
    a, b, c = 0.94, 0.01, -0.03 * width
    d, e, f = -0.13 * height / width, 0.92, 0.05 * height
    g, h = -0.14 / width, -0.02 / height
    return picture.transform(
        picture.size,
        Image.Transform.PERSPECTIVE,
        (a, b, c, d, e, f, g, h),
        Image.Resampling.BICUBIC,
    )


def stickered(count: int) -> Edit:
    """With discs of loud colours stuck on it, always at the same places."""

    def edit(picture: Image.Image) -> Image.Image:
        edited = picture.copy()
        draw = ImageDraw.Draw(edited)
        places = random.Random(count)
        radius = min(picture.size) * 0.14
        for _ in range(count):
            x, y = places.random() * picture.width, places.random() * picture.height
            colour = places.choice(["yellow", "red", "white", "deepskyblue", "lime"])
            draw.ellipse((x - radius, y - radius, x + radius, y + radius), colour, "black")
        return edited

    return edit


def half_hidden(picture: Image.Image) -> Image.Image:
    edited = picture.copy()
    edited.paste("#404040", (0, 0, picture.width // 2, picture.height))
    return edited


def in_screenshot(picture: Image.Image) -> Image.Image:
    """Shown by an app on the screen of a telephone, at 30 % of the area."""
    width = 540
    shown = picture.resize((width, round(width * picture.height / picture.width)))
    height = max(1100, shown.height + 400)
    screen = Image.new("RGB", (width, height), "#fafafa")
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, width, 110), fill="#075e54")
    _write(draw, (24, 40), "Photos of the family", 30)
    screen.paste(shown, (0, 160))
    for line in range(5):
        top = 190 + shown.height + 44 * line
        _write(draw, (24, top), "some words that were said about it", 24, "#333333")
    return screen


def on_page(picture: Image.Image) -> Image.Image:
    """As an illustration on a page of text, at about a quarter of the area."""
    page = Image.new("RGB", (800, 1000), "white")
    draw = ImageDraw.Draw(page)
    for line in range(36):
        _write(draw, (60, 50 + 25 * line), "lorem ipsum dolor sit amet " * 3, 17, "#222222")
    shown = ImageOps.contain(picture, (560, 420))
    page.paste(shown, (120, 260))
    return page


def overlaid(picture: Image.Image) -> Image.Image:
    """Small, on another picture: here a striped one."""
    ground = Image.linear_gradient("L").resize((800, 600)).convert("RGB")
    draw = ImageDraw.Draw(ground)
    for stripe in range(0, 800, 50):
        draw.line((stripe, 0, 800 - stripe, 600), fill="#aa6633", width=8)
    ground.paste(ImageOps.contain(picture, (460, 400)), (280, 150))
    return ground


def headlined(picture: Image.Image) -> Image.Image:
    """With a line of news across the upper part."""
    edited = picture.copy()
    draw = ImageDraw.Draw(edited)
    width, height = picture.size
    draw.rectangle((0, height * 0.06, width, height * 0.22), fill="#c8102e")
    _write(draw, (width * 0.04, height * 0.09), "Breaking: nothing happened", height // 13)
    return edited


def in_dark_screenshot(picture: Image.Image) -> Image.Image:
    """Shown in the window of a program on a wide screen, at a third of the area."""
    screen = Image.new("RGB", (1200, 700), "#1e1e1e")
    draw = ImageDraw.Draw(screen)
    draw.rectangle((0, 0, 260, 700), fill="#252526")
    for line in range(18):
        _write(draw, (20, 20 + 36 * line), f"folder number {line * 7}", 20, "#cccccc")
    screen.paste(ImageOps.contain(picture, (720, 500)), (330, 110))
    return screen


def on_newspaper(picture: Image.Image) -> Image.Image:
    """In the corner of a page in two columns, at a fifth of the area."""
    page = Image.new("RGB", (900, 900), "#f4efe2")
    draw = ImageDraw.Draw(page)
    _write(draw, (40, 20), "THE EVENING POST", 60, "#111111")
    for line in range(40):
        for left in (40, 470):
            words = "the council met and spoke of roads and of the price of bread"
            _write(draw, (left, 110 + 19 * line), words, 14, "#111111")
    page.paste(ImageOps.contain(picture, (420, 420)), (440, 110))
    return page


def pixelated(picture: Image.Image) -> Image.Image:
    small = picture.resize((48, max(1, round(48 * picture.height / picture.width))))
    return small.resize(picture.size, Image.Resampling.NEAREST)


def recoloured(picture: Image.Image) -> Image.Image:
    """With all hues shifted by a third of the circle."""
    hue, saturation, value = picture.convert("HSV").split()
    shifted = hue.point([(level + 85) % 256 for level in range(256)])
    return Image.merge("HSV", (shifted, saturation, value)).convert("RGB")


def vignetted(picture: Image.Image) -> Image.Image:
    mask = ImageOps.invert(Image.radial_gradient("L").resize(picture.size))
    return Image.composite(picture, Image.new("RGB", picture.size), mask)


def scribbled(picture: Image.Image) -> Image.Image:
    """With thick lines drawn over it by hand."""
    edited = picture.copy()
    draw = ImageDraw.Draw(edited)
    dice = random.Random(3)
    for colour in ("red", "magenta", "yellow", "cyan"):
        points = [(dice.random() * picture.width, dice.random() * picture.height) for _ in range(9)]
        draw.line(points, colour, max(picture.size) // 40, "curve")
    return edited


def then(*edits: Edit) -> Edit:
    def edit(picture: Image.Image) -> Image.Image:
        for each in edits:
            picture = each(picture)
        return picture

    return edit


def _write(
    draw: ImageDraw.ImageDraw,
    at: tuple[float, float],
    text: str,
    size: int,
    colour: str | tuple[int, int, int, int] = "white",
) -> None:
    draw.text(at, text, fill=colour, font=ImageFont.load_default(max(size, 8)))


EDITS: Mapping[str, Edit] = {
    "JPEG quality 70": reencoded("JPEG", quality=70),
    "JPEG quality 30": reencoded("JPEG", quality=30),
    "JPEG quality 10": reencoded("JPEG", quality=10),
    "WebP quality 30": reencoded("WEBP", quality=30),
    "GIF, 256 colours": reencoded("GIF"),
    "PNG": reencoded("PNG"),
    "scaled to 50 %": scaled(0.5),
    "scaled to 20 %": scaled(0.2),
    "scaled to 150 %": scaled(1.5),
    "stretched to 130 %": stretched(1.3),
    "greyscale": greyscale,
    "sepia": sepia,
    "brighter": brightened(1.5),
    "darker": brightened(0.5),
    "more contrast": contrasted(1.7),
    "less contrast": contrasted(0.5),
    "more colour": saturated(2),
    "gamma": inverted_gamma(0.6),
    "blurred a little": blurred(0.4),
    "blurred much": blurred(1.2),
    "sharpened": sharpened,
    "noise": noisy(0.15),
    "strong noise": noisy(0.35),
    "mirrored": transposed(Image.Transpose.FLIP_LEFT_RIGHT),
    "upside down": transposed(Image.Transpose.FLIP_TOP_BOTTOM),
    "turned by 90°": transposed(Image.Transpose.ROTATE_90),
    "turned by 180°": transposed(Image.Transpose.ROTATE_180),
    "turned by 270°": transposed(Image.Transpose.ROTATE_270),
    "rotated by 5°": rotated(5),
    "rotated by 15°": rotated(15),
    "rotated by 45°": rotated(45),
    "cropped to 90 %, middle": cropped(0.9, 0.5, 0.5),
    "cropped to 70 %, middle": cropped(0.7, 0.5, 0.5),
    "cropped to 70 %, corner": cropped(0.7, 0, 0),
    "cropped to 50 %, middle": cropped(0.5, 0.5, 0.5),
    "cropped to 50 %, corner": cropped(0.5, 1, 0),
    "cropped to 30 %, middle": cropped(0.3, 0.5, 0.5),
    "caption": captioned,
    "text above and below": meme,
    "watermark": watermarked,
    "border, 5 %": bordered(5, "white"),
    "border, 15 %": bordered(15, "black"),
    "letterbox": letterboxed,
    "perspective": in_perspective,
    "cropped, mirrored, JPEG 40": then(
        cropped(0.7, 0.3, 0.6),
        transposed(Image.Transpose.FLIP_LEFT_RIGHT),
        reencoded("JPEG", quality=40),
    ),
    "caption, scaled, darker": then(captioned, scaled(0.4), brightened(0.7)),
}
"""The usual edits, by name."""

HARD_EDITS: Mapping[str, Edit] = {
    "cropped to 30 %, corner": cropped(0.3, 1, 1),
    "cropped to 20 %, middle": cropped(0.2, 0.5, 0.5),
    "cropped to 10 %, middle": cropped(0.1, 0.5, 0.5),
    "6 stickers": stickered(6),
    "14 stickers": stickered(14),
    "half hidden": half_hidden,
    "in a screenshot": in_screenshot,
    "on a page": on_page,
    "on another picture": overlaid,
    "blurred and turned by 90°": then(blurred(1.2), transposed(Image.Transpose.ROTATE_90)),
}
"""Edits at which methods of this kind often fail, by name."""

UNSEEN_EDITS: Mapping[str, Edit] = {
    "AVIF quality 25": reencoded("AVIF", quality=25),
    "JPEG quality 4": reencoded("JPEG", quality=4),
    "scaled to 35 %": scaled(0.35),
    "stretched to 75 %": stretched(0.75),
    "posterised": lambda picture: ImageOps.posterize(picture, 2),
    "recoloured": recoloured,
    "histogram equalised": lambda picture: ImageOps.equalize(picture),
    "gamma 2": inverted_gamma(2.0),
    "vignette": vignetted,
    "median filter": lambda picture: picture.filter(ImageFilter.MedianFilter(9)),
    "pixelated": pixelated,
    "rotated by 10°": rotated(10),
    "rotated by 30°": rotated(30),
    "rotated by 120°": rotated(120),
    "cropped to 60 %, side": cropped(0.6, 0.1, 0.9),
    "cropped to 40 %, middle": cropped(0.4, 0.4, 0.6),
    "cropped to 25 %, corner": cropped(0.25, 0, 1),
    "cropped to 15 %, side": cropped(0.15, 0.2, 0.5),
    "border, 10 %, red": bordered(10, "red"),
    "headline": headlined,
    "scribbled over": scribbled,
    "10 stickers": stickered(10),
    "in a dark screenshot": in_dark_screenshot,
    "in a newspaper": on_newspaper,
    "cropped, turned by 180°, GIF": then(
        cropped(0.6, 0.7, 0.4), transposed(Image.Transpose.ROTATE_180), reencoded("GIF")
    ),
    "mirrored, headline, scaled": then(
        transposed(Image.Transpose.FLIP_LEFT_RIGHT), headlined, scaled(0.5)
    ),
}
"""Edits that had no part in making the model, usual and hard, by name."""
