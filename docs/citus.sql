-- Spreads the tables of VisualSnoop over the machines of a Citus cluster (https://www.citusdata.com).
--
--     visualsnoop db upgrade --database postgresql://…    on the coordinator, before any images
--     psql --file docs/citus.sql postgresql://…           once
--     visualsnoop serve --database postgresql://…
--
-- Everything that grows is kept by collection: an image, its pairs and the decisions about it are on
-- one machine, and no statement of the service asks more than one. A collection does not grow past
-- the disk of one machine. What is small, and needed with every request, is on all machines.
--
-- Later versions of the service upgrade the tables where they are: `visualsnoop db upgrade` again.

\set ON_ERROR_STOP on

BEGIN;

CREATE EXTENSION IF NOT EXISTS citus;

-- Citus distributes one table after the other, and meanwhile no local table may refer to one that is
-- distributed. So these go, and come back when all are.
ALTER TABLE thumbnails DROP CONSTRAINT thumbnails_image_fkey;
ALTER TABLE parts DROP CONSTRAINT parts_image_fkey;
ALTER TABLE unpaired DROP CONSTRAINT unpaired_collection_id_image_id_fkey;
ALTER TABLE pairs DROP CONSTRAINT pairs_collection_id_image_id_fkey;
ALTER TABLE pairs DROP CONSTRAINT pairs_collection_id_other_id_fkey;
ALTER TABLE not_duplicates DROP CONSTRAINT not_duplicates_collection_id_image_id_fkey;
ALTER TABLE not_duplicates DROP CONSTRAINT not_duplicates_collection_id_other_id_fkey;

SELECT create_reference_table('collections');
SELECT create_reference_table('keys');
SELECT create_reference_table('master_key');
SELECT create_reference_table('sessions');
SELECT create_reference_table('sign_in_codes');

SELECT create_distributed_table('images', 'collection_id');
SELECT create_distributed_table('thumbnails', 'collection_id', colocate_with => 'images');
SELECT create_distributed_table('parts', 'collection_id', colocate_with => 'images');
SELECT create_distributed_table('unpaired', 'collection_id', colocate_with => 'images');
SELECT create_distributed_table('pairs', 'collection_id', colocate_with => 'images');
SELECT create_distributed_table('not_duplicates', 'collection_id', colocate_with => 'images');

ALTER TABLE thumbnails ADD CONSTRAINT thumbnails_image_fkey
    FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE;
ALTER TABLE parts ADD CONSTRAINT parts_image_fkey
    FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE;
ALTER TABLE unpaired ADD CONSTRAINT unpaired_collection_id_image_id_fkey
    FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE;
ALTER TABLE pairs ADD CONSTRAINT pairs_collection_id_image_id_fkey
    FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE;
ALTER TABLE pairs ADD CONSTRAINT pairs_collection_id_other_id_fkey
    FOREIGN KEY (collection_id, other_id) REFERENCES images ON DELETE CASCADE;
ALTER TABLE not_duplicates ADD CONSTRAINT not_duplicates_collection_id_image_id_fkey
    FOREIGN KEY (collection_id, image_id) REFERENCES images ON DELETE CASCADE;
ALTER TABLE not_duplicates ADD CONSTRAINT not_duplicates_collection_id_other_id_fkey
    FOREIGN KEY (collection_id, other_id) REFERENCES images ON DELETE CASCADE;

COMMIT;
