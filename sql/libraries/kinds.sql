-- How many published entries of each kind a unit has (K0.1). Grain: unit × kind. Reads: accepted.units, .knowledge.
select
    u.unit_id,
    k.kind as row,
    k.kind,
    count(e.entry_id)::int as published
from accepted.units as u
cross join (select unnest($kinds) as kind) as k
left join accepted.knowledge as e
    on e.unit_id = u.unit_id and e.kind = k.kind and e.status = 'published'
group by u.unit_id, k.kind
