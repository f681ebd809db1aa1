-- What Citus refuses of tables, by its source (src/backend/distributed/commands: table.c,
-- foreign_constraint.c, create_distributed_table.c).

CREATE TABLE pg_dist_partition (
    logicalrelid regclass PRIMARY KEY,
    partmethod "char" NOT NULL,  -- h: by hash of a column; n: a reference table
    distribution_column name
);

CREATE FUNCTION check_distribution() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    found record;
BEGIN
    FOR found IN
        SELECT conname, conrelid::regclass AS own, confrelid::regclass AS other,
            one.partmethod AS own_method, two.partmethod AS other_method,
            one.distribution_column AS own_column, two.distribution_column AS other_column,
            conkey, confkey, conrelid, confrelid
        FROM pg_constraint
        LEFT JOIN pg_dist_partition AS one ON one.logicalrelid = conrelid
        LEFT JOIN pg_dist_partition AS two ON two.logicalrelid = confrelid
        WHERE contype = 'f'
    LOOP
        IF found.other_method = 'h' AND found.own_method IS NULL THEN
            RAISE EXCEPTION 'local table % cannot have the foreign key % to a distributed table',
                found.own, found.conname;
        ELSIF found.other_method = 'h' AND found.own_method = 'n' THEN
            RAISE EXCEPTION 'reference table % cannot have the foreign key % to a distributed table',
                found.own, found.conname;
        ELSIF found.own_method IS NOT NULL AND found.other_method IS NULL THEN
            RAISE EXCEPTION 'the foreign key % must refer to a distributed or a reference table',
                found.conname;
        ELSIF found.own_method = 'h' AND found.other_method = 'h' AND NOT EXISTS (
            SELECT 1 FROM unnest(found.conkey, found.confkey) AS pairs (own, other)
            JOIN pg_attribute AS a ON a.attrelid = found.conrelid AND a.attnum = pairs.own
            JOIN pg_attribute AS b ON b.attrelid = found.confrelid AND b.attnum = pairs.other
            WHERE a.attname = found.own_column AND b.attname = found.other_column
        ) THEN
            RAISE EXCEPTION 'the foreign key % must include the distribution columns', found.conname;
        END IF;
    END LOOP;
    FOR found IN
        SELECT indexrelid::regclass AS name FROM pg_index
        JOIN pg_dist_partition ON logicalrelid = indrelid AND partmethod = 'h'
        WHERE indisunique AND NOT EXISTS (
            SELECT 1 FROM pg_attribute
            WHERE attrelid = indrelid AND attnum = ANY(indkey) AND attname = distribution_column
        )
    LOOP
        RAISE EXCEPTION 'the unique index % must include the distribution column', found.name;
    END LOOP;
END
$$;

CREATE FUNCTION create_reference_table(table_name regclass)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO pg_dist_partition VALUES (table_name, 'n', NULL);
    PERFORM check_distribution();
END
$$;

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, colocate_with text DEFAULT 'default'
) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF colocate_with <> 'default' AND NOT EXISTS (
        SELECT 1 FROM pg_dist_partition
        WHERE logicalrelid = colocate_with::regclass AND partmethod = 'h'
    ) THEN
        RAISE EXCEPTION 'relation % is not distributed', colocate_with;
    END IF;
    INSERT INTO pg_dist_partition VALUES (table_name, 'h', distribution_column);
    PERFORM check_distribution();
END
$$;

CREATE FUNCTION refuse_as_citus() RETURNS event_trigger LANGUAGE plpgsql AS $$
DECLARE
    altered text := (regexp_match(current_query(), 'ALTER\s+TABLE\s+(?:ONLY\s+)?(\w+)', 'i'))[1];
    commands text := regexp_replace(current_query(), '^.*ALTER\s+TABLE\s+(?:ONLY\s+)?\w+\s+', '', 'i');
BEGIN
    IF NOT EXISTS (
        SELECT 1 FROM pg_dist_partition WHERE logicalrelid = to_regclass(altered)
    ) THEN
        RETURN;
    END IF;
    IF commands ~* '^ADD\s+(FOREIGN|PRIMARY|UNIQUE|CHECK|EXCLUDE)' THEN
        RAISE EXCEPTION 'cannot create constraint without a name on a distributed table';
    ELSIF commands ~* 'REFERENCES' AND commands !~* '^ADD\s+CONSTRAINT' THEN
        RAISE EXCEPTION 'cannot add a column with a foreign key to a distributed table';
    ELSIF commands ~* 'ADD\s+CONSTRAINT.*,\s*(ADD|DROP|ALTER)' THEN
        RAISE EXCEPTION 'cannot execute ADD CONSTRAINT command with other subcommands';
    ELSIF commands !~* '^(ADD|DROP|VALIDATE|RENAME|SET\s*\(|RESET\s*\()'
        AND commands !~* '^ALTER\s+(COLUMN\s+)?\w+\s+((SET\s+DATA\s+)?TYPE|(SET|DROP)\s+(NOT\s+NULL|DEFAULT))'
    THEN
        RAISE EXCEPTION 'alter table command is currently unsupported: %', commands;
    END IF;
END
$$;

CREATE FUNCTION check_as_citus() RETURNS event_trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM check_distribution();
END
$$;

CREATE EVENT TRIGGER citus_refuses ON ddl_command_start WHEN TAG IN ('ALTER TABLE')
    EXECUTE FUNCTION refuse_as_citus();
CREATE EVENT TRIGGER citus_checks ON ddl_command_end WHEN TAG IN ('ALTER TABLE', 'CREATE TABLE')
    EXECUTE FUNCTION check_as_citus();
