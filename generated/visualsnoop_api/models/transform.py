from typing import Literal

Transform = Literal[
    "mirrored",
    "mirrored_rotated_180",
    "mirrored_rotated_270",
    "mirrored_rotated_90",
    "none",
    "rotated_180",
    "rotated_270",
    "rotated_90",
    "unknown",
]

TRANSFORM_VALUES: set[Transform] = {
    "mirrored",
    "mirrored_rotated_180",
    "mirrored_rotated_270",
    "mirrored_rotated_90",
    "none",
    "rotated_180",
    "rotated_270",
    "rotated_90",
    "unknown",
}


def check_transform(value: str) -> Transform:
    if value in TRANSFORM_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {TRANSFORM_VALUES!r}")
