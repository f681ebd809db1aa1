"""Thumbnails, sizes of pictures, and sessions of the page."""

from alembic import op

from visualsnoop.server.storage.distribution import distribute, replicate

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Of images that were stored before, the size is not known.
    op.execute("ALTER TABLE images ADD COLUMN width integer")
    op.execute("ALTER TABLE images ADD COLUMN height integer")
    op.execute("ALTER TABLE collections ADD COLUMN has_thumbnails boolean NOT NULL DEFAULT false")
    op.execute(
        """
        CREATE TABLE thumbnails (
            collection_id text NOT NULL,
            image_id text COLLATE "C" NOT NULL,
            webp bytea NOT NULL,
            PRIMARY KEY (collection_id, image_id)
        )
        """
    )
    # They are compressed already.
    op.execute("ALTER TABLE thumbnails ALTER COLUMN webp SET STORAGE EXTERNAL")
    # Both are bound to a key pair; without one they are an operator's.
    for table, column in (("sessions", "token_hash"), ("sign_in_codes", "code_hash")):
        op.execute(
            f"""
            CREATE TABLE {table} (
                {column} bytea PRIMARY KEY,
                public_key text,
                expires timestamptz NOT NULL
            )
            """
        )
    op.execute(distribute("thumbnails"))
    op.execute(replicate("sessions"))
    op.execute(replicate("sign_in_codes"))
    op.execute(
        """
        ALTER TABLE thumbnails ADD CONSTRAINT thumbnails_image_fkey
            FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE
        """
    )
    for table in ("sessions", "sign_in_codes"):
        op.execute(
            f"""
            ALTER TABLE {table} ADD CONSTRAINT {table}_key_fkey
                FOREIGN KEY (public_key) REFERENCES keys ON DELETE CASCADE
            """
        )
