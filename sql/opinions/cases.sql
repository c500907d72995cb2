-- The accepted case rows that are judged a second time. Grain: case row. Reads: accepted.cases, facts.sampled.
select case_id, unit_id, role, dispatched_at, sign_due_at, signed_at, reply_due_at, replied_at, closed_at,
    public_rating, rated_at
from accepted.cases
semi join facts.sampled using (case_id, unit_id)
order by case_id, unit_id
