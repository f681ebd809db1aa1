"""What the processor can do."""

import platform
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_VNNI = {"avx512_vnni", "avx_vnni"}
_X64 = {"x86_64", "amd64"}


def sums_bytes_exactly(cpu_info: Path = _CPU_INFO, machine: str | None = None) -> bool:
    """Whether sums of products of bytes do not overflow in ONNX Runtime.

    On x64 they are exact with the instructions VNNI, which Linux tells of, and not with those of
    AVX2, which saturate at 16 bits. Where nothing is known, they are taken to overflow.

    Args:
        cpu_info: Where Linux says what processors have.
        machine: The kind of processor; by default this one.
    """
    if (machine or platform.machine()).lower() not in _X64:
        return True
    try:
        text = cpu_info.read_text()
    except OSError:
        return False
    flags = [line.partition(":")[2].split() for line in text.splitlines() if line[:5] == "flags"]
    return bool(flags) and all(_VNNI & set(each) for each in flags)
