-- The accepted evaluations of these rows. Grain: assignment. Reads: accepted.evaluations, facts.sampled.
select case_id, unit_id, assignment_id, evaluator_id, assigned_at, reminded_at, returned_at, withdrawn_at, rated_at,
    rating, reason
from accepted.evaluations
semi join facts.sampled using (case_id, unit_id)
