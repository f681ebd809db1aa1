"""Detail of images: the strokes by which copies are told from look-alikes."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Images that were stored before have none; they are compared by the rest of their fingerprints.
    # It is compressed already. Citus takes no SET STORAGE by itself.
    op.execute("ALTER TABLE images ADD COLUMN detail bytea STORAGE EXTERNAL NOT NULL DEFAULT ''")
