-- The case rows that are drawn to be judged a second time: all of a small quarter, else a sample that the seed draws.
-- Grain: case row. Reads: accepted.cases. Wherever rows are counted, they are told there as facts.drawn.
-- How many is told before, for only then is it known that no more need be put in order.
set variable judged_again = (select if(count(*) <= $all_of, $all_of, $sample) from accepted.cases);

create or replace table facts.draw as
select case_id, unit_id
from accepted.cases
order by hash(case_id, unit_id, $seed)
limit getvariable('judged_again');
