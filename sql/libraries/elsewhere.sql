-- How many of a matter's cases went to units that did not hold it, and where most of them went, for each holder on the day
-- (M2). Leading units only. Grain: matter × unit. Reads: libraries.cases, .entries, .names, accepted.units.
with led as (
    select
        matter_id,
        unit_id,
        count(*) as n,
        count(*) filter (not held) as strays
    from libraries.cases
    where role = 'lead' and matter_id is not null
    group by matter_id, unit_id
),

counted as (
    select
        matter_id,
        sum(n)::bigint as cases,
        sum(strays)::bigint as elsewhere,
        arg_max(unit_id, (strays, unit_id)) as mostly_to
    from led
    group by matter_id
    having sum(strays) > 0
),

holders as (
    select distinct matter_id, unit_id
    from libraries.entries
    where valid_from <= $on and (valid_to is null or valid_to >= $on)
)

select
    h.unit_id,
    h.matter_id as row,
    n.matter_name,
    coalesce(u.unit_name, c.mostly_to) as mostly_to,
    c.cases,
    c.elsewhere,
    100 * c.elsewhere // c.cases as share
from holders as h
inner join counted as c using (matter_id)
inner join libraries.names as n using (matter_id)
left join accepted.units as u on u.unit_id = c.mostly_to
