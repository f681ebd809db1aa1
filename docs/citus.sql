-- Spreads the tables of VisualSnoop over the machines of a Citus cluster (https://www.citusdata.com).
--
--     visualsnoop db upgrade --database postgresql://…    on the coordinator, before any images
--     psql --file docs/citus.sql postgresql://…           once
--     visualsnoop serve --database postgresql://…
--
-- Everything that grows is kept by collection: an image, its pairs and the decisions about it are on
-- one machine, and no statement of the service asks more than one. A collection does not grow past
-- the disk of one machine. What is small, and needed with every request, is on all machines.

BEGIN;

CREATE EXTENSION IF NOT EXISTS citus;

SELECT create_reference_table('collections');
SELECT create_reference_table('keys');
SELECT create_reference_table('master_key');

SELECT create_distributed_table('images', 'collection_id');
SELECT create_distributed_table('unpaired', 'collection_id', colocate_with => 'images');
SELECT create_distributed_table('pairs', 'collection_id', colocate_with => 'images');
SELECT create_distributed_table('not_duplicates', 'collection_id', colocate_with => 'images');

COMMIT;
