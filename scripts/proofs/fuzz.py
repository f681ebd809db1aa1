"""Damage image files of every format at random, and see that the service bears it.

    python -m scripts.proofs.fuzz [--seconds 600] [--seed N] [--keep FOLDER]
        [--without steady-decoder]

Half of the time the files are read by the processes of a service, which are asked directly, and
half of it they are sent to a running service. Each must be read or refused with a clear message; a
file of which a decoder died twice, or that took it too long, is a failure, and kept in the folder.
At the end the service must still find a picture, and of the files some must have been read and some
refused. Exits with 1 if any of this fails; so it must with `--without`, see `undefended`.
"""

import argparse
import asyncio
import io
import random
import secrets
import struct
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pillow_heif
import pillow_jxl  # noqa: F401, for it makes Pillow write JPEG XL
import tifffile
from PIL import Image, ImageCms, ImageOps

from scripts.local_service import client, forget_environment, new_database, running_service
from scripts.proofs import undefended
from visualsnoop.server.fingerprinting.messages import Wanted
from visualsnoop.server.fingerprinting.pool import FingerprintPool, Response
from visualsnoop.server.settings import Settings
from visualsnoop.server.storage.keys import create_keys
from visualsnoop.server.vault import MASTER_KEY_SIZE, Vault

pillow_heif.register_heif_opener()

SAVED: dict[str, list[dict[str, Any]]] = {
    "JPEG": [{"quality": 90}, {"progressive": True}],
    "PNG": [{}, {"icc_profile": b""}],
    "WEBP": [{"quality": 80}, {"lossless": True}],
    "GIF": [{}],
    "BMP": [{}],
    "TIFF": [{}, {"compression": "tiff_lzw"}, {"compression": "jpeg"}, {"compression": "group4"}],
    "AVIF": [{"quality": 70}],
    "HEIF": [{"quality": 70}],
    "JXL": [{"quality": 80}],
    "JPEG2000": [{}, {"no_jp2": True}],
    "ICO": [{"sizes": [(160, 120)]}, {"sizes": [(160, 120)], "bitmap_format": "bmp"}],
    "TGA": [{}, {"compression": "tga_rle"}],
    "PPM": [{}],
    "DDS": [{}, {"pixel_format": "DXT5"}],
}
DEEP_TIFFS: list[dict[str, Any]] = [
    {"compression": "deflate", "predictor": True, "planarconfig": "separate"},
    {"compression": "lzw", "predictor": True, "tile": (32, 32), "byteorder": ">"},
    {"compression": "zstd", "bigtiff": True},
    {"bitspersample": 12},
]


DIED, TOO_LONG, FAILED = "decoder died", "took too long", "failed"
UNWANTED = {DIED, TOO_LONG, FAILED}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--seed", type=int, default=secrets.randbits(32))
    parser.add_argument("--keep", type=Path, default=Path("fuzz-finds"))
    undefended.add_option(parser)
    arguments = parser.parse_args()
    forget_environment()
    undefended.begin(arguments.without)
    print(f"seed {arguments.seed}", flush=True)
    dice = random.Random(arguments.seed)
    outcomes = asyncio.run(read_in_processes(dice, arguments.seconds / 2, arguments.keep))
    print_outcomes("in processes", outcomes)
    answers, finds = send_to_service(dice, arguments.seconds / 2, arguments.keep)
    print_outcomes("by the service", answers)
    unwanted = (set(answers) - {"200", "400", "413", "415"}) | (set(outcomes) & UNWANTED)
    has_taken_place = outcomes["read"] and outcomes["unreadable"] and answers["200"]
    if unwanted or not finds or not has_taken_place or not answers["415"]:
        sys.exit(
            f"FAILED: unwanted: {unwanted or 'nothing'}; finds a picture afterwards: {finds}; "
            f"files were read and refused: {bool(has_taken_place and answers['415'])}"
        )
    print("All was well.")


async def read_in_processes(dice: random.Random, seconds: float, keep: Path) -> Counter[str]:
    vault = Vault(secrets.token_bytes(MASTER_KEY_SIZE), "fuzz.py")
    settings = Settings("", vault, max_pixels=10_000_000, decode_time=10)
    outcomes: Counter[str] = Counter()

    async def work(pool: FingerprintPool, key: str) -> None:
        for data in damaged_files(dice, seconds):
            turn = await pool.turn(key)
            outcome = outcome_of(await turn.response(data, Wanted([0])))
            outcomes[outcome] += 1
            if outcome in UNWANTED:
                keep_file(keep, data)

    async with FingerprintPool(settings) as pool:
        await asyncio.gather(*(work(pool, key) for key in ("one", "other", "third")))
    return outcomes


def outcome_of(response: Response) -> str:
    if "result" in response:
        return "read"
    if (failure := failure_in(response["message"])) is not None:
        return failure
    if response["error"] not in ("unreadable", "too_large"):
        print(response, flush=True)
        return FAILED
    return str(response["error"])


def failure_in(message: str) -> str | None:
    """What has gone wrong with a decoder, by what a client is told."""
    if "decoder fails" in message:
        return DIED
    return TOO_LONG if "too long" in message else None


def keep_file(folder: Path, data: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / secrets.token_hex(8)).write_bytes(data)


def send_to_service(dice: random.Random, seconds: float, keep: Path) -> tuple[Counter[str], bool]:
    """The answers of a service, and whether it finds a picture after all that."""
    answers: Counter[str] = Counter()
    with (
        new_database() as (database, folder),
        (folder / "service.log").open("w") as log,
        running_service(f"--database={database}", log=log) as service,
        client(service.endpoint, create_keys(database, "fuzz", "fuzz")) as connection,
    ):
        picture = saved(small_picture(), "JPEG", {"quality": 90})
        connection.post("/image/picture", content=picture).raise_for_status()
        for data in damaged_files(dice, seconds):
            answer = connection.post("/search", content=data)
            failure = None if answer.is_success else failure_in(answer.json()["message"])
            answers[failure or str(answer.status_code)] += 1
            if failure or answer.is_server_error:
                keep_file(keep, data)
        results = connection.post("/search", content=picture).raise_for_status().json()["results"]
    return answers, bool(results) and results[0]["id"] == "picture"


def damaged_files(dice: random.Random, seconds: float) -> Iterator[bytes]:
    """Files that are damaged, until the time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = dice.choice(originals())
        for _ in range(dice.choice([1, 1, 1, 2, 4, 16])):
            data = dice.choice(DAMAGES)(data, dice)
        yield data


@cache
def originals() -> list[bytes]:
    files = [
        saved(small_picture(), file_format, options)
        for file_format, ways in SAVED.items()
        for options in ways
    ]
    return [*files, *deep_tiffs(), psd(small_picture())]


def deep_tiffs() -> Iterator[bytes]:
    """Pictures of 16 bits and of fractions."""
    samples = np.asarray(small_picture()).astype(np.uint16) * 16
    for options in DEEP_TIFFS:
        planes = samples.transpose(2, 0, 1) if "planarconfig" in options else samples
        for values in (planes, planes.astype(np.float32)):
            if values.dtype == np.uint16 or "bitspersample" not in options:
                file = io.BytesIO()
                tifffile.imwrite(file, values, photometric="rgb", **options)
                yield file.getvalue()


def psd(picture: Image.Image) -> bytes:
    head = struct.pack(">4sH6xHIIHH", b"8BPS", 1, 3, picture.height, picture.width, 8, 3)
    return head + bytes(14) + b"".join(band.tobytes() for band in picture.split())


def small_picture() -> Image.Image:
    grey = Image.linear_gradient("L").resize((160, 120))
    return ImageOps.colorize(
        Image.blend(grey, Image.effect_noise(grey.size, 60), 0.3), "navy", "tan"
    )


def saved(picture: Image.Image, file_format: str, options: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    if "icc_profile" in options:
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
        options = {**options, "icc_profile": profile}
    if options.get("compression") == "group4":
        picture = picture.convert("1")
    picture.save(file, file_format, **options)
    return file.getvalue()


def with_other_byte(data: bytes, dice: random.Random) -> bytes:
    # Most of what can go wrong is decided by the first bytes.
    place = dice.randrange(min(len(data), dice.choice([64, 512, len(data)]))) if data else 0
    value = dice.choice([0, 1, 127, 128, 255, dice.randrange(256)])
    return data[:place] + bytes([value]) + data[place + 1 :]


def with_large_number(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(max(1, min(len(data), 512)))
    number = dice.choice([0, 2**31 - 1, 2**31, 2**32 - 1, 2**16 - 1, dice.randrange(2**32)])
    byte_order = dice.choice("<>")
    return data[:place] + struct.pack(f"{byte_order}I", number) + data[place + 4 :]


def cut_short(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]  # to nothing, too, which is answered with 400


def with_gap(data: bytes, dice: random.Random) -> bytes:
    place = dice.randrange(len(data) + 1)
    return data[:place] + data[place + dice.randrange(1, 200) :]


def with_repetition(data: bytes, dice: random.Random) -> bytes:
    start = dice.randrange(len(data) + 1)
    piece = data[start : start + dice.randrange(1, 2000)]
    return data[:start] + piece * dice.choice([2, 3, 50]) + data[start + len(piece) :]


DAMAGES: list[Callable[[bytes, random.Random], bytes]] = [
    with_other_byte,
    with_other_byte,
    with_large_number,
    cut_short,
    with_gap,
    with_repetition,
]


def print_outcomes(title: str, outcomes: Counter[str]) -> None:
    described = ", ".join(f"{count} {outcome}" for outcome, count in outcomes.most_common())
    print(f"{title}: {sum(outcomes.values())} files: {described}", flush=True)


if __name__ == "__main__":
    main()
