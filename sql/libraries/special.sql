-- The cases of no matter, which are handled specially: whether they were urged and are finished (M1). Grain: case row.
-- Reads: libraries.cases, accepted.cases, .matter_steps.
with steps as (
    select
        case_id,
        unit_id,
        bool_or(step = 'urged') as urged,
        bool_or(step = 'finished') as finished
    from accepted.matter_steps
    where case_id is not null and done_on <= $on
    group by case_id, unit_id
)

select
    c.unit_id,
    c.case_id as row,
    coalesce(s.urged, false)::int as urged,
    (coalesce(s.finished, false) or coalesce(a.closed_at::date <= $on, false))::int as finished
from libraries.cases as c
inner join accepted.cases as a on a.case_id = c.case_id and a.unit_id = c.unit_id
left join steps as s on s.case_id = c.case_id and s.unit_id = c.unit_id
where c.matter_id is null and c.role = 'lead'
