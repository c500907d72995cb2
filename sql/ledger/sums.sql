-- What the ledger lines of a unit's item add up to, in parts of a point ($grain of them). Grain: unit × item. Reads: ledger.entries.
select unit_id, item_id, (sum(points) * $grain)::bigint as parts
from ledger.entries
group by unit_id, item_id
order by unit_id, item_id
