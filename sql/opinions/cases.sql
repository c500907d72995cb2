-- The accepted case rows that are judged a second time. Grain: case row. Reads: accepted.cases, facts.sampled.
select c.* exclude (title)
from accepted.cases as c
semi join facts.sampled using (case_id, unit_id)
order by case_id, unit_id
