-- The cube: case rows counted by unit and by every flag that any reading needs.
-- Grain: unit × months × flags. Reads: facts.counted.
create or replace table tallies.cube as
select
    unit_id,
    ([''] || $months)[month_due_approved + 1] as month_due_approved,
    ([''] || $months)[month_due_requested + 1] as month_due_requested,
    ([''] || $months)[month_dispatched + 1] as month_dispatched,
    role,
    signing,
    reply_approved,
    reply_requested,
    closed,
    closed_in_time_approved,
    closed_in_time_requested,
    rating_reminder,
    rating_assignment,
    counted_before,
    case_rows
from facts.counted
order by all;
