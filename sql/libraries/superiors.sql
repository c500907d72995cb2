-- The units with a superior outside the city, and the letters about the period before (A0.1). Grain: unit.
-- Reads: accepted.units, .commendations.
select
    u.unit_id,
    u.unit_id as row,
    u.superior,
    $before as period,
    count(c.commendation_id)::int as letters
from (
    select
        unit_id,
        max(superior) as superior
    from accepted.units
    where superior is not null
    group by unit_id
) as u
left join accepted.commendations as c
    on c.unit_id = u.unit_id and c.kind = 'letter' and c.period = $before and c.dated <= $on
group by all
