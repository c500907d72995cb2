-- The matters of which a unit got cases and has no process yet, and when the office told it to set one up (M1).
-- Grain: unit × matter. Reads: libraries.cases, .entries, .names, accepted.matter_steps.
with lacking as (
    select
        unit_id,
        matter_id,
        count(*)::int as cases
    from libraries.cases
    where not held and matter_id is not null and role = 'lead'
    group by unit_id, matter_id
),

told as (
    select
        unit_id,
        matter_id,
        min(done_on) as told_on
    from accepted.matter_steps
    where step = 'told' and done_on <= $on
    group by unit_id, matter_id
)

select
    l.unit_id,
    l.matter_id as row,
    l.matter_id,
    n.matter_name,
    t.told_on,
    l.cases,
    (t.told_on is not null)::int as told,
    coalesce(date_diff('day', t.told_on, $on::date), 0)::int as days_since_told
from lacking as l
anti join libraries.entries as e
    on
        e.unit_id = l.unit_id
        and e.matter_id = l.matter_id
        and e.valid_from <= $on
        and (e.valid_to is null or e.valid_to >= $on)
left join told as t on t.unit_id = l.unit_id and t.matter_id = l.matter_id
left join libraries.names as n on n.matter_id = l.matter_id
