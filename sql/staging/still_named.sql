-- Units that are not in force in the period though rows name them. Grain: unit. Reads: staged.out_of_force.
select unit_id
from staged.out_of_force
where is_named
order by unit_id
