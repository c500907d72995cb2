-- The case rows that are judged a second time: those that were drawn, and every row that costs points of a few units that
-- the seed draws too.
-- Grain: case row. Reads: facts.drawn, accepted.units, facts.case_rows_occurrences.
create or replace table facts.sampled as
with few as (
    select unit_id
    from accepted.units
    order by hash(unit_id, $seed)
    limit $units
)

select case_id, unit_id
from facts.drawn
union
select case_id, unit_id
from facts.case_rows_occurrences
semi join few using (unit_id);
