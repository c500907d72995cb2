-- The units to score, as the register orders them. Grain: unit. Reads: accepted.units.
select unit_id, unit_name, unit_group, ranked, sort
from accepted.units
order by sort nulls last, unit_id
