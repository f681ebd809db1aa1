"""Parts of images: the pictures that stand in them, with fingerprints of their own."""

from alembic import op

from visualsnoop.server.storage.distribution import distribute

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE collections ADD COLUMN has_parts boolean NOT NULL DEFAULT false")
    # A box is left, top, right and bottom, in units of the sides of the image.
    op.execute(
        """
        CREATE TABLE parts (
            collection_id text NOT NULL,
            image_id text COLLATE "C" NOT NULL,
            place smallint NOT NULL,
            box real[] NOT NULL,
            version integer NOT NULL,
            quality smallint NOT NULL,
            pdq bytea NOT NULL,
            embedding halfvec NOT NULL,
            keypoints bytea STORAGE EXTERNAL NOT NULL,
            detail bytea STORAGE EXTERNAL NOT NULL,
            PRIMARY KEY (collection_id, image_id, place)
        )
        """
    )
    op.execute(distribute("parts"))
    op.execute(
        """
        ALTER TABLE parts ADD CONSTRAINT parts_image_fkey
            FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE
        """
    )
