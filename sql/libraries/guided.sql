-- Units whose published knowledge has faults, and how often the office guided them in the period (K0.2). Grain: unit.
-- Reads: accepted.knowledge, .guidance.
with kept as (
    select
        unit_id,
        count(*) filter (
            where status = 'published' and (signed_off_by is null or coalesce(expires_on < $on, false))
        )::int as faults
    from accepted.knowledge
    group by unit_id
),

given as (
    select
        unit_id,
        count(*)::int as guided
    from accepted.guidance
    where kind = 'knowledge' and given_on >= $start and given_on <= $on
    group by unit_id
)

select
    k.unit_id,
    k.unit_id as row,
    k.faults,
    coalesce(g.guided, 0)::int as guided
from kept as k
left join given as g using (unit_id)
