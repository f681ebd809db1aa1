"""Nothing acknowledged is lost when the service or its database is killed.

This is a short form of `scripts/proofs/crash.py`, which kills them hundreds of times.
"""

from pathlib import Path

from scripts.proofs.crash import crash


def test_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    counts = crash(tmp_path, service_kills=1, database_kills=1, total_kills=1, seed=1)
    assert counts["acknowledged"] > 0
