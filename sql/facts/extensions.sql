-- How far valid extensions move a reply deadline, under both values of the reading `extension`.
-- Valid: approved, and decided before the cutoff (a decision without a date counts as before it).
-- Grain: case row with a valid extension. Reads: accepted.extensions, accepted.cases.
create or replace table facts.extensions as
select
    x.case_id,
    x.unit_id,
    max(x.extended_until) as until_approved,
    max(x.extended_until) filter (x.requested_at <= c.reply_due_at) as until_requested_in_time
from accepted.extensions as x
join accepted.cases as c using (case_id, unit_id)
where x.decision = 'approved' and (x.decided_at is null or x.decided_at < $cutoff)
group by x.case_id, x.unit_id;
