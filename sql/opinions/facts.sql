-- What the queries made of these rows. Grain: case row. Reads: facts.case_rows_marked, facts.sampled.
-- The variable says nothing that the join does not, but it holds before anything is worked out for the other rows.
select m.*
from facts.case_rows_marked as m
semi join facts.sampled as s on s.case_id = m.case_id and s.unit_id = m.unit_id
where m.case_id in getvariable('sampled_cases')
order by m.case_id, m.unit_id
