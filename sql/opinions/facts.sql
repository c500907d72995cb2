-- What the queries made of these rows, with what the ledger quotes of the late ones.
-- Grain: case row. Reads: facts.case_rows, facts.sampled, facts.late_rows.
select
    r.case_id, r.unit_id, r.role, r.month_due_approved, r.month_due_requested, r.month_dispatched, r.signing,
    r.reply_approved, r.reply_requested, r.closed, r.closed_in_time_approved, r.closed_in_time_requested,
    r.rating_reminder, r.rating_assignment, r.counted_before, r.signing_waived_by, r.reply_waived_by, r.due_approved, r.due_requested,
    r.sign_due_at, r.signed_at, r.replied_at,
    l.case_id is not null as quoted,
    l.signing as quoted_signing,
    l.reply_approved as quoted_reply_approved,
    l.reply_requested as quoted_reply_requested,
    l.due_approved as quoted_due_approved,
    l.due_requested as quoted_due_requested,
    l.sign_due_at as quoted_sign_due_at,
    l.signed_at as quoted_signed_at,
    l.replied_at as quoted_replied_at,
    l.signing_waived_by as quoted_signing_waived_by,
    l.reply_waived_by as quoted_reply_waived_by
from facts.case_rows as r
semi join facts.sampled as s on s.case_id = r.case_id and s.unit_id = r.unit_id
left join facts.late_rows as l on l.case_id = r.case_id and l.unit_id = r.unit_id
order by r.case_id, r.unit_id
