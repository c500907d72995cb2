-- Case rows that say the same under several numbers: unit, title, and to the second when they came and were sent out.
-- Moments without a time of day tell no two cases apart. Grain: what they say. Reads: accepted.cases.
with often as (  -- by a number of what they say, for names take twice as long to count
    select hash(unit_id, title, received_at, dispatched_at) as number
    from accepted.cases
    where title is not null
    group by number
    having count(*) > 1
)
select min(case_id) as first, max(case_id) as last
from accepted.cases
where
    title is not null
    and coalesce(received_at, dispatched_at)::time <> time '00:00:00'
    and hash(unit_id, title, received_at, dispatched_at) in (from often)
group by unit_id, title, received_at, dispatched_at
having count(distinct case_id) > 1
order by first
