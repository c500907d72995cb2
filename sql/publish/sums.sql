-- What each rule comes to for each unit, and how many of its lines count (a waived one does not). Grain: unit × item × rule. Reads: ledger.entries.
select unit_id, item_id, rule_id, count(*) filter (points <> 0) as lines, sum(points) as points
from ledger.entries
group by unit_id, item_id, rule_id
order by unit_id, item_id, rule_id
