-- The decisions of the office after objections, as a scorecard shows them. Grain: adjustment. Reads: accepted.adjustments.
select
    unit_id,
    adjustment_id,
    action,
    coalesce(case_id, '') as case_id,
    coalesce(rule_id, '') as rule_id,
    coalesce(ref_id, '') as ref_id,
    received_on,
    answer_by,
    decided_on,
    coalesce(ground, '') as ground,
    coalesce(reason, '') as reason
from accepted.adjustments
order by unit_id, adjustment_id
