"""Image files that cost whoever decodes them more than one would think."""

import base64
import io
import re
import struct
import zlib
from typing import Any

import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def saved(picture: Image.Image, file_format: str, **options: Any) -> bytes:
    """The picture as a file of a format, by Pillow's name."""
    file = io.BytesIO()
    picture.save(file, file_format, **options)
    return file.getvalue()


def jpeg_of_scans(side: int, count: int) -> bytes:
    """A JPEG file of a square of one colour that goes so often through the whole picture."""
    file = saved(Image.new("L", (side, side), "teal"), "JPEG", progressive=True)
    starts = [found.start() for found in re.finditer(rb"\xff\xda", file)]
    # The last scan again and again, which says that nothing changes.
    return file[:-2] + (count - len(starts)) * file[starts[-1] : -2] + file[-2:]


def large_picture(file_format: str) -> bytes:
    """A file of 98 million black pixels."""
    options = {"compression": "tiff_lzw"} if file_format == "TIFF" else {}
    return saved(Image.new("L", (9_900, 9_900)), file_format, **options)


def saying_it_is_small(file: bytes) -> bytes:
    """An AVIF or HEIC file whose container says that its picture has 100 x 100 pixels."""
    claim = struct.pack(">4xII", 100, 100)
    return re.sub(rb"(?s)(?<=ispe).{12}", lambda _: claim, file)


def huge_avif_that_says_it_is_small() -> bytes:
    """An AVIF file of 64 million pixels that says it has 100 x 100."""
    return saying_it_is_small(zlib.decompress(base64.b85decode(_HUGE_AVIF)))


def huge_webp() -> bytes:
    """A WebP file of 36 bytes that says it has 16,383 x 16,383 pixels."""
    file = bytearray(saved(Image.new("RGB", (16, 16)), "WEBP", lossless=True))
    file[21:25] = struct.pack("<I", 16_382 | 16_382 << 14)
    return bytes(file)


# 8000 x 8000 pixels of one colour, which take a minute to encode.
_HUGE_AVIF = (
    "c-muNU{FXasVqn=%S>Yc0uY^>nP!-"
    "qnV9D5Xy^nKdYzkElE?r7iWw<6MNl?FL1uCZ0~+8f$SlbPvlxL`E;A=T8N_h`@fjhajKT~I%=SRGMrLMS8eFXukd"
    "w*;<t3IG7&_<Y<b&<X$}A`<0Mg!>1<Cn9S|qc$AQfVryaNO?2oz*iWP(JPIXF0g6i;HAp>v}=4@gKjIX|Z;FFB_I"
    "XfiJYTLVx?JhLDd<|m-TSQwd_S%7-ob5jyagc!KE<v-iifBx3Nkzt}>w3bc6$GyGv?qy$-"
    "L&pv<FeIHnrFneHRwd(t$)@^iHa@x__dsxtcEzjRyQUp<y{+RhMJL(4MdsJDS$7K@>?Jc4vtBnSHZZB&P_zlTm8A"
    "Q4CD+w`N!%CqY_nVS<?p5Z{ZjLCRQwJ{%sp<r^w`6MwQ1@%l~o&(&!2LMcBn6AUsXHdi11A7YgXA?ByQ}lR#tcMt"
    "(tN?Fz5F4mK_g8LnNM<ykA<mVq-"
    "2t_W8XV)+}EBclFhRiy4piK0mr*`mZO;4Ht6mkocW*CiTNitEUppQ&ye)6JDdp+xoe2b@)-"
    "bSdu`BCH;CEPbDxJGw4kJEPLnAk12<C8*O#zzEJiwx}<FXqc0QWy6i<=+*vwT#;>{`m+iK`>*l-"
    "dbP1~k!^aXD$HxW$^QGU^"
)
