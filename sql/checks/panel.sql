-- The evaluators of the exports, those of quarantined rows too, with the name of a unit that employs them.
-- Grain: row of the file. Reads: raw.evaluators, accepted.units.
select e._file, e._line, coalesce(trim(e.evaluator_id), ''), coalesce(trim(e.name), ''), coalesce(u.unit_name, '')
from raw.evaluators as e
left join accepted.units as u on u.unit_id = trim(e.employer_unit_id)
order by e._file, e._line
