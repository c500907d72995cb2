-- The accepted adjustments of these rows. Grain: adjustment. Reads: accepted.adjustments, facts.sampled.
select case_id, unit_id, adjustment_id, action, rule_id, ref_id
from accepted.adjustments
semi join facts.sampled using (case_id, unit_id)
