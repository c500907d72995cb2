-- Case rows that say the same under several numbers: unit, title, and to the second when they came and were sent out.
-- Moments without a time of day tell no two cases apart. Grain: what they say. Reads: accepted.cases.
select
    min(case_id) as first,
    max(case_id) as last
from accepted.cases
where
    title is not null
    and coalesce(received_at, dispatched_at) <> date_trunc('day', coalesce(received_at, dispatched_at))
group by unit_id, title, received_at, dispatched_at
having count(distinct case_id) > 1
order by first
