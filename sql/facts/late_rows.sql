-- The case rows that any reading calls late or waived, with the moments that a ledger line quotes.
-- Grain: case row. Reads: facts.counted.
create or replace table facts.late_rows as
select
    unit_id, month_due_approved, month_due_requested, month_dispatched, signing, reply_approved, reply_requested,
    counted_before,
    unnest(late, recursive := true)
from facts.counted
where late is not null;
