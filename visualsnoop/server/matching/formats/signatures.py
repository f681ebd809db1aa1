"""Of which format a file is, by its content and never by its name.

What is not read, though it is known, is refused by its name, with what to do about it.
"""

import codecs
import re

from ..errors import UnreadableImage
from . import jpeg, jpeg_2000, jpeg_xl, png
from .ico import is_icon
from .tga import is_tga

FORMATS = (
    *("JPEG", "PNG", "WebP", "GIF", "BMP", "TIFF", "AVIF", "HEIC", "JPEG XL", "JPEG 2000"),
    *("PSD", "ICO", "TGA", "PNM", "DDS"),
)
"""The formats that are read, by the names that people call them."""

_READ = [
    (0, jpeg.SIGNATURE, "JPEG"),
    (0, png.SIGNATURE, "PNG"),
    (0, b"GIF87a", "GIF"),
    (0, b"GIF89a", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\0", "TIFF"),
    (0, b"MM\0*", "TIFF"),
    (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"),
    (0, jpeg_xl.STREAM, "JPEG XL"),
    (0, jpeg_xl.CONTAINER, "JPEG XL"),
    (0, jpeg_2000.STREAM, "JPEG 2000"),
    (0, jpeg_2000.CONTAINER, "JPEG 2000"),
    (0, b"8BPS", "PSD"),
    (0, b"DDS ", "DDS"),
    (0, b"Pf\n", "PNM"),
    *((0, b"P%d%c" % (kind, space), "PNM") for kind in range(1, 7) for space in b" \t\r\n"),
]

# Brands of files that have the same container as videos.
_BRANDS = {
    "AVIF": {b"avif", b"avis"},
    "HEIC": {
        *(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"),
        *(b"mif1", b"msf1"),
    },
}

_SAVE = "save it as PNG or JPEG"
_EXPORT = "export the picture as JPEG"
_RENDER = "render it as PNG"
_FRAME = "send one of its frames as JPEG"
_UNPACK = "send the pictures in it one by one"
_SEND = "send the bytes of an image file, such as a JPEG"

_REFUSED = [
    # Pictures.
    (0, b"\xff\xd8\xff\xf7", "a JPEG-LS picture", _SAVE),
    (0, b"II\xbc", "a JPEG XR picture", _SAVE),
    (0, b"v/1\x01", "an OpenEXR picture", _SAVE),
    (0, b"#?RADIANCE", "a Radiance HDR picture", _SAVE),
    (0, b"#?RGBE", "a Radiance HDR picture", _SAVE),
    (0, b"gimp xcf", "an XCF file of GIMP", _SAVE),
    (0, b"qoif", "a QOI picture", _SAVE),
    (0, b"P7\n", "a PAM picture", _SAVE),
    (0, b"PF\n", "a PFM picture in colours", _SAVE),
    (0, b"icns", "an icon of macOS (ICNS)", _SAVE),
    (0, b"SIMPLE  =", "a FITS picture", _SAVE),
    (128, b"DICM", "a DICOM picture", _SAVE),
    (0, b"BPG\xfb", "a BPG picture", _SAVE),
    (0, b"FLIF", "a FLIF picture", _SAVE),
    (0, b"\x8aMNG", "an MNG animation", _SAVE),
    (0, b"\x8bJNG", "a JNG picture", _SAVE),
    (0, b"\x97JB2", "a JBIG2 picture", _SAVE),
    (0, b"\x01\xda\0", "an SGI picture", _SAVE),
    (0, b"\x01\xda\1", "an SGI picture", _SAVE),
    (0, b"SDPX", "a DPX picture", _SAVE),
    (0, b"XPDS", "a DPX picture", _SAVE),
    (0, b"\xabKTX ", "a KTX texture", _SAVE),
    (0, b"/* XPM */", "an XPM picture", _SAVE),
    # Raw data of cameras; those that are TIFF files are told where these are read.
    (8, b"CR\2", "a camera's raw file (CR2)", _EXPORT),
    (4, b"ftypcrx ", "a camera's raw file (CR3)", _EXPORT),
    (6, b"HEAPCCDR", "a camera's raw file (CRW)", _EXPORT),
    (0, b"FUJIFILMCCD-RAW", "a camera's raw file (RAF)", _EXPORT),
    (0, b"IIRO", "a camera's raw file (ORF)", _EXPORT),
    (0, b"IIRS", "a camera's raw file (ORF)", _EXPORT),
    (0, b"MMOR", "a camera's raw file (ORF)", _EXPORT),
    (0, b"IIU\0", "a camera's raw file (RW2)", _EXPORT),
    (0, b"FOVb", "a camera's raw file (X3F)", _EXPORT),
    (0, b"\0MRM", "a camera's raw file (MRW)", _EXPORT),
    # Drawings and documents.
    (0, b"%PDF", "a PDF document", _RENDER),
    (0, b"%!PS", "a PostScript or EPS file", _RENDER),
    (0, b"\xc5\xd0\xd3\xc6", "an EPS file", _RENDER),
    (0, b"AT&TFORM", "a DjVu document", _RENDER),
    (0, b"\xd7\xcd\xc6\x9a", "a WMF drawing", _RENDER),
    (40, b" EMF", "an EMF drawing", _RENDER),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an Office document or Thumbs.db", _SEND),
    # Videos and sounds.
    (4, b"ftyp", "a video (MP4 or QuickTime)", _FRAME),
    (4, b"moov", "a video (QuickTime)", _FRAME),
    (4, b"mdat", "a video (QuickTime)", _FRAME),
    (4, b"wide", "a video (QuickTime)", _FRAME),
    (0, b"\x1aE\xdf\xa3", "a video (WebM or Matroska)", _FRAME),
    (8, b"AVI ", "a video (AVI)", _FRAME),
    (0, b"FLV\1", "a video (FLV)", _FRAME),
    (0, b"0&\xb2u\x8ef\xcf\x11", "a video (WMV)", _FRAME),
    (0, b"OggS", "a video or sound (Ogg)", _FRAME),
    (0, b"\0\0\1\xba", "a video (MPEG)", _FRAME),
    (0, b"\0\0\1\xb3", "a video (MPEG)", _FRAME),
    (8, b"WAVE", "a sound (WAV)", _SEND),
    (0, b"ID3", "a sound (MP3)", _SEND),
    (0, b"fLaC", "a sound (FLAC)", _SEND),
    # Archives.
    (0, b"PK\3\4", "a ZIP archive or an Office document", _UNPACK),
    (0, b"PK\5\6", "an empty ZIP archive", _UNPACK),
    (0, b"\x1f\x8b", "a gzip archive", _UNPACK),
    (0, b"BZh", "a bzip2 archive", _UNPACK),
    (0, b"\xfd7zXZ", "an xz archive", _UNPACK),
    (0, b"(\xb5/\xfd", "a Zstandard archive", _UNPACK),
    (0, b"7z\xbc\xaf", "a 7z archive", _UNPACK),
    (0, b"Rar!", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    # What lies among pictures, and what is sent by mistake.
    (
        0,
        b"\0\5\x16\7",
        "a file that macOS keeps beside another one (AppleDouble)",
        "send the file whose name is without the '._'",
    ),
    (0, b"version https://git-lfs", "a pointer of Git LFS", "run 'git lfs pull' and send the file"),
    (0, b"data:image/", "a data URL", _SEND),
    (0, b"/9j/", "a JPEG as Base64", "send its bytes as they are"),
    (0, b"iVBORw0KGgo", "a PNG as Base64", "send its bytes as they are"),
    (0, b"R0lGOD", "a GIF as Base64", "send its bytes as they are"),
    (0, b"UklGR", "a WebP as Base64", "send its bytes as they are"),
]

# Texts, each by what is found near its beginning, in lower case.
_TEXTS = [
    (rb"\s*--[^\r\n]+\r?\ncontent-", "a multipart form", "send the bytes of the image file alone"),
    (rb".*<svg[\s>]", "an SVG drawing", _RENDER),
    (rb".*(<!doctype html|<html|<body|<head)", "an HTML page", _SEND),
    (rb"\s*<\?xml", "an XML document", _SEND),
    (rb"\s*[\[{]", "JSON", _SEND),
    (rb"", "text", _SEND),
]
_LOOKED_AT = 4096

# Bytes before a JPEG that some programs leave there: a line end, a mark, the head of a request.
_BEFORE_JPEG = 4096


def identify(data: bytes) -> str:
    """The name of the format of a file.

    Raises:
        UnreadableImage: If it has none that is read.
    """
    if name := _container_of(data):
        return name
    for offset, signature, what, advice in _REFUSED:
        if data.startswith(signature, offset):
            raise _refusal(what, advice)
    for offset, signature, name in _READ:
        if data.startswith(signature, offset):
            return name
    # These two have no signature.
    if is_icon(data):
        return "ICO"
    if is_tga(data):
        return "TGA"
    _refuse_text(data)
    if jpeg.SIGNATURE + b"\xff" in data[:_BEFORE_JPEG]:
        return "JPEG"
    raise UnreadableImage(f"This is not an image in one of the formats {', '.join(FORMATS)}")


def _container_of(data: bytes) -> str | None:
    if data.startswith(b"RIFF") and data.startswith(b"WEBP", 8):
        return "WebP"
    if data.startswith(b"ftyp", 4):
        size = min(int.from_bytes(data[:4]), _LOOKED_AT)
        brands = [data[place : place + 4] for place in (8, *range(16, size - 3, 4))]
        # What the file is in the first place comes first.
        for looked_at in brands[:1], brands:
            for name, known in _BRANDS.items():
                if known.intersection(looked_at):
                    return name
    return None


def _refuse_text(data: bytes) -> None:
    head = data[:_LOOKED_AT]
    form, *texts = _TEXTS
    if re.match(form[0], head.lower()):
        raise _refusal(*form[1:])
    if not _is_text(head):
        return
    for pattern, what, advice in texts:
        if re.match(pattern, head.lower(), re.DOTALL):
            raise _refusal(what, advice)


def _is_text(head: bytes) -> bool:
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return True
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return bool(text) and not re.search(r"[\0-\x08\x0e-\x1a\x1c-\x1f\x7f]", text)


def _refusal(what: str, advice: str) -> UnreadableImage:
    return UnreadableImage(f"This is {what}, which is not read: {advice}")
