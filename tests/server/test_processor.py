"""What is known of the processor, by which the precision of ONNX Runtime is chosen."""

from pathlib import Path

import pytest

from visualsnoop.server.matching.processor import sums_bytes_exactly


@pytest.mark.parametrize(
    ("flags", "is_exact"),
    [
        (["fma avx2 avx512_vnni"], True),
        (["fma avx2 avx_vnni", "fma avx2 avx_vnni"], True),
        (["fma avx2"], False),
        (["fma avx2 avx_vnni", "fma avx2"], False),
        ([], False),
    ],
)
def test_sums_are_exact_where_all_processors_have_vnni(
    tmp_path: Path, flags: list[str], is_exact: bool
) -> None:
    cpu_info = tmp_path / "cpuinfo"
    cpu_info.write_text("".join(f"processor\t: 0\nflags\t\t: {each}\n\n" for each in flags))
    assert sums_bytes_exactly(cpu_info, "x86_64") is is_exact


def test_sums_may_overflow_where_nothing_is_known(tmp_path: Path) -> None:
    assert not sums_bytes_exactly(tmp_path / "none", "AMD64")


def test_only_x64_has_products_that_overflow(tmp_path: Path) -> None:
    assert sums_bytes_exactly(tmp_path / "none", "aarch64")
