"""Keypoints of images: places that copies have in common with them."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    # Images that were stored before have none; they are still found as a whole.
    op.execute("ALTER TABLE images ADD COLUMN keypoints bytea NOT NULL DEFAULT ''")
    # They cannot be compressed.
    op.execute("ALTER TABLE images ALTER COLUMN keypoints SET STORAGE EXTERNAL")
