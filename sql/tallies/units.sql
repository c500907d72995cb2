-- The units to score. Grain: unit. Reads: accepted.units.
select unit_id, unit_name, unit_group, ranked
from accepted.units
order by unit_id
