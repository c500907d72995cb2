-- Incidents and instructions counted. Grain: unit × measure × month ('' = whole quarter).
-- `n` leaves the waived ones out. Reads: facts.incidents, facts.instructions.
create or replace table tallies.quarter as
select unit_id, measure, month, count(*) filter (waived_by is null) as n, count(waived_by) as waived
from facts.incidents
group by all
union all
select unit_id, measure, '' as month, n, 0 as waived
from (
    select
        unit_id,
        count(*) as instructions_due,
        count(*) filter (closed) as instructions_closed,
        count(*) filter (implemented) as instructions_implemented
    from facts.instructions
    group by unit_id
)
unpivot (n for measure in (instructions_due, instructions_closed, instructions_implemented))
order by all;
