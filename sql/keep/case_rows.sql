-- The facts of every case row as a finished run keeps them: ids, moments and flags, no text.
-- Grain: case row. Reads: facts.case_rows.
select
    case_id, unit_id, role, month_due_approved, month_due_requested, month_dispatched, signing, reply_approved,
    reply_requested, closed, closed_in_time_approved, closed_in_time_requested, rating_reminder, rating_assignment,
    sign_due_at, signed_at, due_approved, due_requested, replied_at, signing_waived_by, reply_waived_by, counted_before
from facts.case_rows
order by case_id, unit_id
