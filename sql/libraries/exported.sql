-- The matter library as the export has it. Grain: row of the export. Reads: accepted.matters.
select
    matter_id,
    unit_id,
    matter_name,
    process,
    valid_from,
    valid_to
from accepted.matters
order by matter_id, unit_id, valid_from
