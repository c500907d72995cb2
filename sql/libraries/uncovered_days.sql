-- Days that the working-day calendar does not cover though a waiting application needs them. Grain: day.
-- Reads: accepted.matter_changes, facts.working_days.
select day
from (
    select unnest([requested_on, $on::date]) as day
    from accepted.matter_changes
    where requested_on <= $on and (decision is null or coalesce(decided_on, requested_on) > $on)
)
anti join facts.working_days using (day)
order by day
limit 1
