-- The incidents of the quarter as a finished run keeps them: ids, moments and kinds, no text.
-- Grain: incident. Reads: facts.incidents.
select incident_id, unit_id, case_id, incident_type, occurred_at, month, measure, waived_by
from facts.incidents
order by incident_id
