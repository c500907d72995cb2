-- The names of the units. Grain: unit. Reads: accepted.units.
select unit_id, unit_name
from accepted.units
order by unit_id;
