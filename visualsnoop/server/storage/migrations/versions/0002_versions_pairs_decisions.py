"""Versions of fingerprints of any number, pairs of copies, and decisions about them."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute("ALTER TABLE images ALTER COLUMN version TYPE integer")
    # Images that were stored, and have not been compared with the others yet.
    op.execute(
        """
        CREATE TABLE unpaired (
            collection_id text NOT NULL,
            image_id text COLLATE "C" NOT NULL,
            PRIMARY KEY (collection_id, image_id),
            FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE
        )
        """
    )
    op.execute(_pairs_table("pairs", "score double precision NOT NULL,"))
    op.execute(_pairs_table("not_duplicates", ""))


def _pairs_table(name: str, more: str) -> str:
    """A table about pairs of images, of which the one with the lesser ID comes first."""
    return f"""
        CREATE TABLE {name} (
            collection_id text NOT NULL,
            image_id text COLLATE "C" NOT NULL,
            other_id text COLLATE "C" NOT NULL CHECK (image_id < other_id),
            {more}
            PRIMARY KEY (collection_id, image_id, other_id),
            FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE,
            FOREIGN KEY (collection_id, other_id) REFERENCES images ON DELETE CASCADE
        );
        CREATE INDEX {name}_by_other ON {name} (collection_id, other_id)
    """
