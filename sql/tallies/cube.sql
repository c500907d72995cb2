-- The cube: case rows counted by unit and by every flag that any reading needs.
-- Grain: unit × months × flags. Reads: facts.case_rows.
create or replace table tallies.cube as
with counted as (
    select
        unit_id, role, month_due_approved, month_due_requested, month_dispatched,
        signing, reply_approved, reply_requested,
        closed, closed_in_time_approved, closed_in_time_requested,
        rating_reminder, rating_assignment,
        count(*) as case_rows
    from facts.case_rows
    group by all
)

select
    unit_id,
    ([''] || $months)[month_due_approved + 1] as month_due_approved,
    ([''] || $months)[month_due_requested + 1] as month_due_requested,
    ([''] || $months)[month_dispatched + 1] as month_dispatched,
    role::varchar as role,
    signing::varchar as signing,
    reply_approved::varchar as reply_approved,
    reply_requested::varchar as reply_requested,
    closed,
    closed_in_time_approved,
    closed_in_time_requested,
    rating_reminder::varchar as rating_reminder,
    rating_assignment::varchar as rating_assignment,
    case_rows
from counted
order by all;
