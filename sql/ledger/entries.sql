-- The ledger of the quarter, numbered in an order that does not depend on the order of the exports.
-- Grain: ledger line. Reads: ledger.occurrences, ledger.settled.
create or replace table ledger.entries as
with lines as (
    select unit_id, item_id, rule_id, clause, month, case_id, ref_id, points, adjustment_id, sentence, facts, 0 as closing
    from ledger.occurrences
    union all by name
    select unit_id, item_id, rule_id, clause, month, case_id, ref_id, points, adjustment_id, sentence, facts, closing
    from ledger.settled
)

select
    $period || '-' || lpad(
        row_number() over (
            order by unit_id, item_id, closing, rule_id, month, case_id, ref_id, points, adjustment_id, facts
        )::varchar,
        7, '0'
    ) as entry_id,
    $period as period,
    unit_id, item_id, rule_id, clause, month, case_id, ref_id, points, adjustment_id, sentence, facts
from lines
order by entry_id;
