-- Case rows that the public rated dissatisfied before the cutoff: only their evaluations count.
-- Grain: case row. Reads: accepted.cases, facts.quarter.
create or replace view facts.dissatisfied as
select case_id, unit_id
from accepted.cases
where public_rating = 'dissatisfied' and (rated_at is null or rated_at < (select cutoff from facts.quarter));
