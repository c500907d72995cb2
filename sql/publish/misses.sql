-- The misses of every rate as they are published: no text, case by case. Grain: row × rate rule. Reads: ledger.misses.
select $period as period, unit_id, item_id, rule_id, clause, month, case_id, ref_id, facts
from ledger.misses
order by unit_id, item_id, rule_id, month, case_id, ref_id
