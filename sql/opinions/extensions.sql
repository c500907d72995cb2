-- The accepted extensions of these rows. Grain: extension. Reads: accepted.extensions, facts.sampled.
select case_id, unit_id, requested_at, decision, decided_at, extended_until
from accepted.extensions
semi join facts.sampled using (case_id, unit_id)
