-- The moment that a transaction of MySQL sees, and the server. Grain: one row. Reads: nothing.
select now(), version()
