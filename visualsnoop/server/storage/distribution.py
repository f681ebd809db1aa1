"""Migrations of tables that a Citus cluster may have distributed over its machines.

Of such tables Citus takes `ADD COLUMN`, `ALTER COLUMN TYPE`, `SET` or `DROP` of `NOT NULL` and
`DEFAULT`, and a constraint that has a name, alone in its statement; but no `SET STORAGE`, which
`ADD COLUMN name type STORAGE EXTERNAL` does. A new table that refers to them is made without its
foreign keys, distributed, and gets these last, by name.
"""


def distribute(table: str) -> str:
    """The statement that distributes a new table by its collection, if `images` is distributed."""
    return _where_distributed(
        f"create_distributed_table('{table}', 'collection_id', colocate_with => 'images')"
    )


def replicate(table: str) -> str:
    """The statement that puts a new, small table on all machines, if `images` is distributed."""
    return _where_distributed(f"create_reference_table('{table}')")


def _where_distributed(call: str) -> str:
    # Nested, as without Citus there is no such table to look into.
    return f"""
        DO $$ BEGIN
            IF to_regclass('pg_dist_partition') IS NOT NULL THEN
                IF EXISTS (
                    SELECT 1 FROM pg_dist_partition WHERE logicalrelid = 'images'::regclass
                ) THEN
                    PERFORM {call};
                END IF;
            END IF;
        END $$
    """
