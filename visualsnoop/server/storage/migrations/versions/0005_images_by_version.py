"""An index by which images of other fingerprint versions are counted, of which there are few."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    # For a day of development, version 2 was called 3.
    op.execute("UPDATE images SET version = 2 WHERE version = 3")
    op.execute("CREATE INDEX images_by_version ON images (version)")
