-- What the ledger lines of a unit's item add up to, in hundredths. Grain: unit × item. Reads: ledger.entries.
select unit_id, item_id, (sum(points) * 100)::bigint as hundredths
from ledger.entries
group by unit_id, item_id
order by unit_id, item_id
