-- The case rows that are judged a second time: all of a small quarter, else a sample that the seed draws, and every row
-- that costs points of a few units that the seed draws too.
-- Grain: case row. Reads: accepted.cases, accepted.units, facts.case_rows_occurrences.
-- How many is told before, for only then is it known that no more need be put in order.
set variable judged_again = (select if(count(*) <= $all_of, $all_of, $sample) from accepted.cases);

create or replace table facts.sampled as
with few as (
    select unit_id
    from accepted.units
    order by hash(unit_id, $seed)
    limit $units
)

select case_id, unit_id
from (
    select case_id, unit_id
    from accepted.cases
    order by hash(case_id, unit_id, $seed)
    limit getvariable('judged_again')
)
union
select case_id, unit_id
from facts.case_rows_occurrences
semi join few using (unit_id);

-- Their numbers, for queries that look no further than these cases.
set variable sampled_cases = (select list(distinct case_id) from facts.sampled);
