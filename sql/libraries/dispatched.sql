-- The cases whose unit had no entry for their matter when they were dispatched, and those of no matter (M1).
-- A case of no matter is done with once somebody decided whether the library gets its matter.
-- Grain: case row. Reads: libraries.cases, .entries, .names, accepted.matter_steps.
with now as (
    select distinct unit_id, matter_id
    from libraries.entries
    where valid_from <= $on and (valid_to is null or valid_to >= $on)
),

settled as (
    select distinct
        case_id,
        unit_id
    from accepted.matter_steps
    where step in ('added', 'not_added') and done_on <= $on
)

select
    c.unit_id,
    c.case_id as row,
    c.role,
    c.matter_id,
    n.matter_name,
    (c.matter_id is not null)::int as named,
    (e.unit_id is not null)::int as entered_since,
    (s.case_id is not null)::int as decided
from libraries.cases as c
left join libraries.names as n using (matter_id)
left join now as e on e.unit_id = c.unit_id and e.matter_id = c.matter_id
left join settled as s on s.case_id = c.case_id and s.unit_id = c.unit_id
where not c.held
