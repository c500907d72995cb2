-- The matter library as it stood on a day. Grain: entry. Reads: libraries.entries.
select
    matter_id,
    unit_id,
    matter_name,
    process,
    valid_from,
    valid_to,
    change_id
from libraries.entries
where valid_from <= $on and (valid_to is null or valid_to >= $on)
order by matter_id, unit_id, valid_from, process
