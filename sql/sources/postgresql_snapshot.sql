-- The moment that a transaction of PostgreSQL sees, the server, and whether the account may write. Grain: one row.
-- Reads: the server's own catalogue.
select
    to_char(now(), 'YYYY-MM-DD"T"HH24:MI:SSOF'), current_setting('server_version'),
    (select rolsuper from pg_roles where rolname = current_user) or exists (
        select from information_schema.table_privileges
        where grantee = current_user and privilege_type in ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE')
    )
