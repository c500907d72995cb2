-- How many different processes a matter has in force on the day, for each unit that holds it (M0.1).
-- Grain: matter × unit. Reads: libraries.entries.
with in_force as (
    select *
    from libraries.entries
    where valid_from <= $on and (valid_to is null or valid_to >= $on)
),

counted as (
    select
        matter_id,
        count(distinct process_key)::int as processes
    from in_force
    group by matter_id
)

select
    i.unit_id,
    i.matter_id as row,
    max(i.matter_name) as matter_name,
    any_value(c.processes) as processes
from in_force as i
inner join counted as c using (matter_id)
group by i.unit_id, i.matter_id
