-- The ledger as it is published, free text without telephone and identity numbers.
-- Grain: ledger line, unit by unit. Reads: ledger.entries.
select
    entry_id,
    period,
    unit_id,
    item_id,
    rule_id,
    clause,
    coalesce(month, '') as month,
    coalesce(case_id, '') as case_id,
    coalesce(ref_id, '') as ref_id,
    points,
    coalesce(adjustment_id, '') as adjustment_id,
    sentence,
    coalesce(
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            facts,
            $identity, $identity_mask, 'g'), $mobile, $mobile_mask, 'g'),
            $identity, $identity_mask, 'g'), $mobile, $mobile_mask, 'g'),
        '') as facts
from ledger.entries
order by unit_id, entry_id
