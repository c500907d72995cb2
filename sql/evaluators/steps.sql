-- What was asked and decided about appointments, in order (E7). Grain: step. Reads: accepted.appointment_steps.
select
    evaluator_id,
    step,
    done_on
from accepted.appointment_steps
order by done_on, step_id;
