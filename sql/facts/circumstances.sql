-- All that is out of the ordinary about a case row, in one place: few rows have any, so one join serves them all.
-- Grain: case row with an extension, an evaluation, a waiver, an exclusion, or a quarter that counted it already.
-- Reads: facts.extensions, .final_evaluations, .waived_cases, .excluded, .counted_before.
create or replace table facts.circumstances as
select *
from facts.extensions
full join facts.final_evaluations using (case_id, unit_id)
full join facts.waived_cases using (case_id, unit_id)
full join (select *, true as excluded from facts.excluded) using (case_id, unit_id)
full join facts.counted_before using (case_id, unit_id);
