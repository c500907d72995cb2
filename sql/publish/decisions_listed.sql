-- The decisions of the office as they are published. Grain: adjustment. Reads: accepted.adjustments.
select
    adjustment_id,
    unit_id,
    action,
    coalesce(case_id, '') as case_id,
    coalesce(rule_id, '') as rule_id,
    coalesce(ref_id, '') as ref_id,
    coalesce(received_on::varchar, '') as received_on,
    coalesce(answer_by::varchar, '') as answer_by,
    decided_on::varchar as decided_on
from accepted.adjustments
order by unit_id, adjustment_id
