-- Case rows counted by unit and by every flag that any reading needs, and the late ones among them with their moments:
-- one pass over the cases gives the tally cube and what the ledger will quote.
-- Grain: unit × months × flags. Reads: facts.case_rows.
create or replace table facts.counted as
select
    unit_id, role, month_due_approved, month_due_requested, month_dispatched, signing, reply_approved, reply_requested,
    closed, closed_in_time_approved, closed_in_time_requested, rating_reminder, rating_assignment, counted_before,
    count(*) as case_rows,
    list({
        case_id: case_id,
        sign_due_at: sign_due_at,
        signed_at: signed_at,
        due_approved: due_approved,
        due_requested: due_requested,
        replied_at: replied_at,
        signing_waived_by: signing_waived_by,
        reply_waived_by: reply_waived_by
    }) filter (signing <> 'on_time' or reply_approved <> 'on_time' or reply_requested <> 'on_time') as late
from facts.case_rows
group by
    unit_id, role, month_due_approved, month_due_requested, month_dispatched, signing, reply_approved, reply_requested,
    closed, closed_in_time_approved, closed_in_time_requested, rating_reminder, rating_assignment, counted_before;
