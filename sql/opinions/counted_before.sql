-- Which of these rows an earlier published quarter counted. Grain: case row. Reads: facts.counted_before, facts.sampled.
select case_id, unit_id, counted_in
from facts.counted_before
semi join facts.sampled using (case_id, unit_id)
