-- Incidents and instructions of the quarter. Grain: unit × measure × month. Reads: tallies.quarter.
select unit_id, measure, month, n, waived
from tallies.quarter
order by all
