-- The register of units as it is read, its names folded as cells of other tables are. Grain: row of the file.
-- Reads: staged.units.
select
    unit_id, folded(unit_name) as unit_name, valid_from, valid_to,
    folded(succeeded_by) as succeeded_by, folded(cases_to) as cases_to,
    folded(former_names) as former_names, folded(short_name) as short_name
from staged.units
where unit_id is not null
order by _row
