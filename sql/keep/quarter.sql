-- Incidents and instructions as a finished run keeps them. Grain: unit × measure × month. Reads: tallies.quarter.
select unit_id, measure, month, n, waived from tallies.quarter order by all
