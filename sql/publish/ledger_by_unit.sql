-- The ledger as it is published, free text without telephone and identity numbers.
-- A line of a rate has its misses in a list. Grain: ledger line, unit by unit. Reads: ledger.entries, ledger.misses.
with missed as (
    select
        unit_id,
        rule_id,
        line,
        list({case_id: case_id, ref_id: ref_id, facts: facts} order by month, case_id, ref_id) as misses
    from ledger.misses
    group by all
)

select
    e.entry_id,
    e.period,
    e.unit_id,
    e.item_id,
    e.rule_id,
    e.clause,
    coalesce(e.month, '') as month,
    coalesce(e.case_id, '') as case_id,
    coalesce(e.ref_id, '') as ref_id,
    e.points,
    coalesce(e.adjustment_id, '') as adjustment_id,
    e.sentence,
    coalesce(
        regexp_replace(regexp_replace(regexp_replace(regexp_replace(
            e.facts,
            $identity, $identity_mask, 'g'), $mobile, $mobile_mask, 'g'),
            $identity, $identity_mask, 'g'), $mobile, $mobile_mask, 'g'),
        '') as facts,
    m.misses
from ledger.entries as e
left join missed as m on e.unit_id = m.unit_id and e.rule_id = m.rule_id and coalesce(e.month, '') = m.line
order by e.unit_id, e.entry_id
