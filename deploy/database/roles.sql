-- The three roles of one service's database. Run it in that database as a superuser; repeating it is harmless:
--
--     psql --dbname=orchestrator --file=roles.sql
--
-- makes orchestrator_owner (owns the tables: `migrate`), orchestrator_app (serves and relays: only what `migrate` grants)
-- and orchestrator_read (looks things up, under row-level security like the others). They have no passwords yet:
-- ALTER ROLE ... PASSWORD, or \password. The names are those of the database, unless the setting roles.prefix says
-- otherwise. `make run`, docker compose and the tests use this file.

DO $roles$
DECLARE
    prefix text := COALESCE(NULLIF(current_setting('roles.prefix', true), ''), current_database());
    owner text := prefix || '_owner';
    app text := prefix || '_app';
    reader text := prefix || '_read';
    role text;
    quiet text;
BEGIN
    FOREACH role IN ARRAY ARRAY[owner, app, reader] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
            EXECUTE format('CREATE ROLE %I', role);
        END IF;
        EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', role);
        -- Statements, rows and even messages ("invalid input syntax: ...") contain personal data. The server's log gets
        -- none of them, however it is configured: the service that sent a statement logs its error.
        FOREACH quiet IN ARRAY ARRAY[
            'log_statement = none', 'log_min_messages = log', 'log_min_error_statement = panic',
            'log_error_verbosity = terse',
            'log_parameter_max_length = 0', 'log_parameter_max_length_on_error = 0',
            'log_min_duration_statement = -1', 'log_min_duration_sample = -1', 'log_transaction_sample_rate = 0'
        ] LOOP
            EXECUTE format('ALTER ROLE %I IN DATABASE %I SET %s', role, current_database(), quiet);
        END LOOP;
    END LOOP;

    -- Until there were three, one role of the database's name owned everything.
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = prefix AND NOT rolsuper) THEN
        EXECUTE format('REASSIGN OWNED BY %I TO %I', prefix, owner);
    END IF;
    EXECUTE format('ALTER DATABASE %I OWNER TO %I', current_database(), owner);
    EXECUTE format('ALTER SCHEMA public OWNER TO %I', owner);

    -- No service may connect to the databases of the others. The app role reads files through temporary tables.
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;
    EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I', current_database(), app, reader);
    EXECUTE format('GRANT TEMPORARY ON DATABASE %I TO %I', current_database(), app);
    EXECUTE format('GRANT USAGE ON SCHEMA public TO %I, %I', app, reader);
END
$roles$;
