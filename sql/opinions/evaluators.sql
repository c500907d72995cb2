-- The accepted evaluators. Grain: evaluator. Reads: accepted.evaluators.
select evaluator_id, appointed_on, term_ends_on, ended_on, employer_unit_id
from accepted.evaluators
