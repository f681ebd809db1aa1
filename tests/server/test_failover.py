"""Nothing acknowledged is lost when the primary database is killed and its standby promoted."""

from pathlib import Path

from scripts.proofs.failover import fail_over


def test_service_goes_on_with_the_standby(tmp_path: Path) -> None:
    _, counts = fail_over(tmp_path, seed=1)
    assert counts["acknowledged"] > 20
