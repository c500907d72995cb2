-- How many accepted case rows a period answers for, by the reading `attribution`. Grain: one row.
-- Reads: accepted.cases, accepted.extensions.
with extended as (
    select case_id, unit_id, max(extended_until) as until
    from accepted.extensions where decision = 'approved' group by all
),
dated as (
    select if($attribution = 'dispatched', c.dispatched_at, greatest(c.reply_due_at, x.until)) as moment
    from accepted.cases as c left join extended as x using (case_id, unit_id)
)
select count(*) filter (moment >= $start and moment < $end) from dated
