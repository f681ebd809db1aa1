"""Collections, their keys and their images."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute("CREATE EXTENSION IF NOT EXISTS vector")
    op.execute(
        """
        CREATE TABLE collections (
            collection_id text PRIMARY KEY,
            name text NOT NULL,
            owner text NOT NULL,
            created timestamptz NOT NULL DEFAULT now(),
            UNIQUE (owner, name)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE keys (
            public_key text PRIMARY KEY,
            sealed_secret bytea NOT NULL,
            collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
            is_read_only boolean NOT NULL DEFAULT false,
            created timestamptz NOT NULL DEFAULT now(),
            expires timestamptz
        )
        """
    )
    op.execute("CREATE INDEX keys_by_collection ON keys (collection_id)")
    # What only the master key opens, by which a wrong one is found out before it is used.
    op.execute(
        """
        CREATE TABLE master_key (
            is_the_only boolean PRIMARY KEY DEFAULT true CHECK (is_the_only),
            proof bytea NOT NULL
        )
        """
    )
    # The order of bytes ("C") makes an ID equal to itself only, and paging the same everywhere.
    op.execute(
        """
        CREATE TABLE images (
            collection_id text NOT NULL REFERENCES collections ON DELETE CASCADE,
            image_id text COLLATE "C" NOT NULL,
            image_time timestamptz NOT NULL,
            version smallint NOT NULL,
            quality smallint NOT NULL,
            pdq bytea NOT NULL,
            embedding halfvec NOT NULL,
            PRIMARY KEY (collection_id, image_id)
        )
        """
    )
    op.execute("CREATE INDEX images_by_time ON images (collection_id, image_time, image_id)")
